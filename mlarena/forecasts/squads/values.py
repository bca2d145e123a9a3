"""Positions and market values of players from a file: no source tells values without being paid for it."""

from __future__ import annotations

import csv
import io
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from sqlalchemy import select

from mlarena.core.db import db
from mlarena.forecasts.documents.cleaning import fold
from mlarena.forecasts.models import League, Team, TeamAlias
from mlarena.forecasts.sources.csv_file import unpacked
from mlarena.forecasts.sources.found import SourceProblem, team_name, whole, words
from mlarena.forecasts.squads.models import POSITIONS, Player

NAME = "csv"
NEEDED = ("league", "team", "name")
# What PostgreSQL's integer holds; nobody costs as much.
MOST = 2_000_000_000


@dataclass
class Valued:
    """What came of it. `unknown` are teams of which nobody knows the name, and players who may be two."""

    new: int = 0
    changed: int = 0
    same: int = 0
    unknown: list[str] = field(default_factory=list)

    def told(self) -> str:
        said = f"{self.new} new, {self.changed} changed, {self.same} as before"
        return f"{said}; left out: {', '.join(self.unknown)}" if self.unknown else said


@dataclass(frozen=True)
class Line:
    league: str
    team: str
    name: str
    position: str | None
    market_value: int | None


def enter_values(path: Path) -> Valued:
    """Enter a file (.csv, .csv.gz): players who are known by name get what it says, others of known teams are
    made. Commits. Raises SourceProblem."""
    try:
        lines = list(_lines(unpacked(path.name, path.read_bytes()), path.name))
    except OSError as error:
        raise SourceProblem(f"{path.name} cannot be read: {error}") from None
    teams = _teams()
    players: dict[tuple[int, str], list[Player]] = defaultdict(list)
    for player in db.session.scalars(select(Player)):
        for name in {fold(player.name), fold(player.full_name or player.name)}:
            players[player.team_id, name].append(player)
    report = Valued()
    for line in lines:
        team = teams.get((line.league, line.team))
        found = players[team[1], fold(line.name)] if team else []
        if team is None or len(found) > 1:
            report.unknown.append(f"{line.name} ({line.team})")
            continue
        made = not found
        if made:
            player = Player(
                league_id=team[0], team_id=team[1], source=NAME, name=line.name,
                key=f"{team[1]}:{fold(line.name)}"[:40],
            )  # fmt: skip
            db.session.add(player)
            players[team[1], fold(line.name)].append(player)
        else:
            player = found[0]
        told = {"position": line.position, "market_value": line.market_value}
        fresh = {
            name: value
            for name, value in told.items()
            if value is not None and getattr(player, name) != value
        }
        for name, value in fresh.items():
            setattr(player, name, value)
        if made:
            report.new += 1
        elif fresh:
            report.changed += 1
        else:
            report.same += 1
    db.session.commit()
    return report


def _lines(text: str, name: str) -> Iterator[Line]:
    rows = csv.DictReader(io.StringIO(text))
    missing = [column for column in NEEDED if column not in (rows.fieldnames or [])]
    if missing:
        raise SourceProblem(f"{name} lacks the columns: {', '.join(missing)}.")
    for row in rows:
        where = f"{name}, line {rows.line_num},"
        position = words(row.get("position"), 16)
        if position is not None and position.lower() not in POSITIONS:
            raise SourceProblem(f"{where} has the position {position!r}: {', '.join(POSITIONS)}.")
        yield Line(
            league=(row["league"] or "").strip(),
            team=team_name(row["team"], where),
            name=team_name(row["name"], where),
            position=position.lower() if position else None,
            market_value=whole(row.get("market_value"), where, MOST),
        )


def _teams() -> dict[tuple[str, str], tuple[int, int]]:
    """(league, team) by the league's code or its code in files, and every name that is mapped to the team."""
    leagues = {one.id: one for one in db.session.scalars(select(League))}
    named = [(one.league_id, one.name, one.id) for one in db.session.scalars(select(Team))]
    aliases = select(TeamAlias.league_id, TeamAlias.name, TeamAlias.team_id).where(
        TeamAlias.team_id.is_not(None)
    )
    found = {}
    for league_id, name, team_id in [*db.session.execute(aliases), *named]:
        league = leagues[league_id]
        for code in {league.code, league.codes.get("csv", league.code)}:
            found[code, name] = (league_id, int(team_id))
    return found
