"""`flask forecasts ...`: the house model by hand."""

from __future__ import annotations

import json
from pathlib import Path

import click
from flask.cli import AppGroup

from mlarena.forecasts.progress import progress

# What learns (numpy, pandas, scikit-learn) is imported by the command that needs it.

forecasts = AppGroup("forecasts", help="Football, and the house model.")

File = click.Path(exists=True, dir_okay=False, path_type=Path)


@forecasts.command("walk-forward")
@click.option("--from", "file", type=File, required=True, help="A CSV of matches (.csv, .csv.gz).")
@click.option("--test-seasons", required=True, help="The years they start in: 2021,2022.")
@click.option("--leagues", help="Of these leagues only: E0,SP1.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object and nothing else.")
def walk_forward(file: Path, test_seasons: str, leagues: str | None, as_json: bool) -> None:
    """Forecast whole seasons from what came before them, and say how good that was.

    Needs no database: the matches are those of the file.
    """
    from mlarena.forecasts.house.matches import BadTable, read_matches
    from mlarena.forecasts.house.model import TooFew
    from mlarena.forecasts.house.walk import walk_forward as walk

    seasons = _years(test_seasons)
    wanted = [name.strip() for name in leagues.split(",") if name.strip()] if leagues else None
    try:
        matches = read_matches(file, wanted)
        with progress("seasons") as step:
            found = walk(matches, seasons, step)
    except (BadTable, TooFew) as error:
        raise click.ClickException(str(error)) from None
    if as_json:
        click.echo(json.dumps(found))
        return
    for name in ("n", "rps", "log_loss", "brier", "accuracy", "ece"):
        click.echo(f"{name:9} {found[name]:.4f}" if name != "n" else f"{name:9} {found[name]}")
    for name, rps in found["baselines"].items():
        click.echo(f"rps of {name}: {rps:.4f}")


@forecasts.command("seed-leagues")
def seed_leagues() -> None:
    """Make the leagues that are missing: five real ones, and the simulated one to play with."""
    from mlarena.forecasts import leagues

    click.echo(f"{leagues.seed_leagues()} leagues made")


@forecasts.command("backfill-historical")
@click.option(
    "--from",
    "source",
    metavar="FILE|URL",
    help="CSV (.csv, .csv.gz) or a season of openfootball (en.1.json), as a file or an address.",
)
@click.option("--seasons", type=click.IntRange(1, 50), help="Only the last so many.")
def backfill_historical(source: str | None, seasons: int | None) -> None:
    """Enter matches of the past. Telling the same again changes nothing.

    Without --from the source is asked that there is a key for, else openfootball; the season that goes on, or
    the last so many.
    """
    from mlarena.forecasts.backfill import backfill
    from mlarena.forecasts.sources.found import SourceProblem

    try:
        with progress("leagues") as step:
            report = backfill(source, seasons, step)
    except SourceProblem as error:
        raise click.ClickException(str(error)) from None
    for code, recorded in report.items():
        click.echo(f"{code}: {recorded.told()}")


@forecasts.command("sync-data")
@click.option("--league", "code", required=True, help="Its code: PL, PD, BL1, SA, FL1.")
@click.option("--season", type=click.IntRange(1990, 2100), help="The year it starts in.")
@click.option("--source", type=click.Choice(["openfootball", "football_data", "api_football"]))
def sync_data(code: str, season: int | None, source: str | None) -> None:
    """Ask a source for a league's season: the one there is a key for, else openfootball."""
    from mlarena.core.errors import NotFound
    from mlarena.forecasts.leagues import league_by_code
    from mlarena.forecasts.sources.found import SourceProblem
    from mlarena.forecasts.sync import sync_league

    try:
        done = sync_league(league_by_code(code), source, season)
    except (NotFound, SourceProblem) as error:
        raise click.ClickException(str(error)) from None
    click.echo(f"{code}: {done.told()}")


@forecasts.command("player-values")
@click.option(
    "--from",
    "file",
    type=File,
    required=True,
    help="CSV: league, team, name, position, market_value.",
)
def player_values(file: Path) -> None:
    """Enter positions and market values (in euros) of players. Telling the same again changes nothing."""
    from mlarena.forecasts.sources.found import SourceProblem
    from mlarena.forecasts.squads.values import enter_values

    try:
        click.echo(enter_values(file).told())
    except SourceProblem as error:
        raise click.ClickException(str(error)) from None


@forecasts.command("names")
@click.option("--map", "mapping", nargs=2, help="NUMBER TEAM: which team a waiting name means.")
def names(mapping: tuple[str, str] | None) -> None:
    """Names of teams that wait to be mapped, with their numbers; or map one."""
    from sqlalchemy import select

    from mlarena.core.db import db
    from mlarena.core.errors import NotFound
    from mlarena.forecasts import names as room
    from mlarena.forecasts.models import Team, TeamAlias

    if mapping:
        number, name = mapping
        alias = db.session.get(TeamAlias, int(number)) if number.isdigit() else None
        league = alias.league_id if alias else 0
        query = select(Team.id).where(Team.league_id == league, Team.name == name)
        try:
            room.map_name(alias.id if alias else 0, db.session.scalar(query) or 0)
        except NotFound as error:
            raise click.ClickException(str(error)) from None
    for alias in room.waiting_names():
        click.echo(f"{alias.id}: {alias.name} ({alias.source})")


@forecasts.command("evaluate-model")
@click.option("--period", type=click.IntRange(1, 3650), default=90, show_default=True)
def evaluate_model(period: int) -> None:
    """How good the house's words of the last days were: the ledger against what happened."""
    from mlarena.forecasts.analytics import accuracy

    with progress("leagues") as step:
        found = accuracy(period, say=step)
    if not found["n"]:
        raise click.ClickException(f"The house forecast no match of the last {period} days.")
    for row in [{"league": "all", **found}, *found["by_league"]]:
        figures = " ".join(
            f"{name} {row[name]:.4f}" for name in ("rps", "log_loss", "brier", "ece")
        )
        click.echo(f"{row['league']}: {row['n']} matches, {figures}")
    click.echo(f"base rates, known only now: rps {found['base_rates']['rps']:.4f}")


Family = click.Choice(["real", "simulated"])


@forecasts.command("train-model")
@click.option("--family", type=Family, default="real", show_default=True)
@click.option("--seasons", type=click.IntRange(2), help="Learn from the last so many only.")
@click.option("--test-size", type=click.FloatRange(0.01, 0.5), default=0.15, show_default=True)
@click.option("--force", is_flag=True, help="Use it even where the one before is better.")
def train_model(family: str, seasons: int | None, test_size: float, force: bool) -> None:
    """Train the house model, measure it on the latest matches, and use it if it is no worse."""
    from mlarena.forecasts import training
    from mlarena.forecasts.house.model import TooFew

    try:
        with progress("training") as step:
            done = training.train(family, seasons, test_size, force, step)
    except TooFew as error:
        raise click.ClickException(str(error)) from None
    metrics = done.model.metrics
    click.echo(
        f"model {done.model.id}: {done.model.matches} matches, RPS {metrics['rps']:.4f} and log loss "
        f"{metrics['log_loss']:.4f} on {metrics['n']} later ones"
    )
    if done.against is not None:
        click.echo(f"the one before has RPS {done.against:.4f} on the same")
    click.echo("it is in use" if done.in_use else "not in use: it is worse (--force uses it)")


@forecasts.command("generate-predictions")
@click.option("--days", type=click.IntRange(1, 365), default=14, show_default=True)
def generate_predictions(days: int) -> None:
    """Write down what the house says of the coming matches."""
    from mlarena.forecasts import ledger

    for family in ledger.families():
        click.echo(f"{family}: {ledger.generate(family, days)} new lines")


def _years(text: str) -> list[int]:
    try:
        years = sorted({int(part) for part in text.split(",") if part.strip()})
    except ValueError:
        years = []
    if not years:
        raise click.BadParameter("years, with commas between them: 2021,2022")
    return years
