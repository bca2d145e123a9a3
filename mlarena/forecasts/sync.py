"""Bringing leagues up to date: the verbs behind the clock's jobs and the commands."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import func, select

from mlarena.core.clock import utcnow
from mlarena.core.config import settings
from mlarena.core.db import db
from mlarena.core.installation import installation_secret
from mlarena.forecasts.leagues import SIMULATED, seed_leagues
from mlarena.forecasts.models import League, Match, Season
from mlarena.forecasts.record import Recorded, record
from mlarena.forecasts.simulation import season_of
from mlarena.forecasts.sources import (
    api_football,
    football_data,
    openfootball,
    simulated,
    web,
)
from mlarena.forecasts.sources.budget import asking
from mlarena.forecasts.sources.found import SourceProblem
from mlarena.forecasts.squads.invented import keep_squads, unknown

# How many seasons the simulated league has behind it when it begins, and how soon the next one is drawn up.
PAST_SEASONS = 12
AHEAD = timedelta(days=8)
SUMMER = 7
# Of API-Football's requests of a day, so many stay for what is more urgent than a season's fixtures.
FIXTURES_LEAVE = 10
KEYS = {football_data.NAME: "FOOTBALL_DATA_API_KEY", api_football.NAME: "API_FOOTBALL_KEY"}


def keep_simulated() -> Recorded | None:
    """Bring the simulated league up to the minute: results of what is over, fixtures of what comes next.

    None where nothing is due, which is mostly so. Commits.
    """
    league = db.session.scalar(select(League).where(League.code == SIMULATED))
    if league is None:
        seed_leagues()
        league = db.session.scalars(select(League).where(League.code == SIMULATED)).one()
    now = utcnow()
    seed = installation_secret("simulated league").hex()
    seasons = range(season_of(now), season_of(now + AHEAD) + 1)
    newest = db.session.scalar(select(func.max(Season.year)).where(Season.league_id == league.id))
    if newest is None:
        seasons = range(season_of(now) - PAST_SEASONS, seasons[-1] + 1)
    elif newest >= seasons[-1] and not _due(league.id):
        if unknown(league):
            keep_squads(league, seed)
        _play_on(league, seed)
        return None
    elif newest < seasons[0]:  # the clock has stood still for a while
        seasons = range(newest, seasons[-1] + 1)
    else:
        seasons = range(_oldest_unfinished(league.id) or seasons[0], seasons[-1] + 1)
    done = record(league, simulated.NAME, simulated.matches(seed, seasons, now), whole=True)
    keep_squads(league, seed)
    return done


def _play_on(league: League, seed: str) -> None:
    """What is being played of the simulated league, up to the minute: goals fall as the clock goes."""
    on = select(Season.year).join(Match, Match.season_id == Season.id).distinct()
    years = db.session.scalars(on.where(Match.league_id == league.id, Match.status == "live")).all()
    if years:
        record(league, simulated.NAME, simulated.live(seed, years, utcnow()))


def keep_simulated_and_predict() -> str:
    """The same, and what the house makes of it: a first model where there is none, and new predictions."""
    done = keep_simulated()
    if done is None:
        return "nothing due"
    from mlarena.forecasts import ledger, training

    if not training.ready("simulated"):
        training.train("simulated")
    return f"{done.told()}; {ledger.generate('simulated')} predictions"


def predict() -> str:
    """What the house says of the coming matches, of every family; a model that this program cannot read (it
    is of another version, or damaged) is trained again first. Commits."""
    from mlarena.forecasts import ledger, training
    from mlarena.forecasts.house.model import TooFew

    said = []
    for family in ledger.families():
        try:
            if training.model_in_use(family) is not None and not training.ready(family):
                training.train(family)
            said.append(f"{family}: {ledger.generate(family)} new lines")
        except TooFew as error:
            said.append(f"{family}: {error}")
    return "; ".join(said)


def retrain() -> str:
    """Every family's model anew, where there is enough to learn from. Commits."""
    from mlarena.forecasts import ledger, training
    from mlarena.forecasts.house.model import TooFew

    said = []
    for family in ledger.families():
        try:
            done = training.train(family)
        except TooFew as error:
            said.append(f"{family}: {error}")
            continue
        use = "in use" if done.in_use else f"not in use, the one before has {done.against:.4f}"
        said.append(f"{family}: RPS {done.model.metrics['rps']:.4f}, {use}")
    return "; ".join(said)


def sync_league(league: League, source: str | None = None, year: int | None = None) -> Recorded:
    """Ask a source for a season of the league and enter it: by default the source that there is a key for,
    else openfootball, and the season that goes on. Commits. Raises SourceProblem."""
    name = source or chosen_source()
    code = league.codes.get(name)
    if code is None:
        raise SourceProblem(f"{name} has no {league.name}.")
    year = year or current_year()
    keys = {football_data.NAME: settings().football_data_api_key}
    keys[api_football.NAME] = settings().api_football_key
    if name == openfootball.NAME:
        answer = web.get(openfootball.address(code, year))
        if answer.status != 200:
            raise SourceProblem(f"{name} answered {answer.status}: it has no season {year} yet.")
        return record(league, name, openfootball.parse(answer.text, league.timezone), whole=True)
    if not keys[name]:
        raise SourceProblem(f"Set {KEYS[name]} to ask {name}.")
    module = football_data if name == football_data.NAME else api_football
    with asking(name, leaving=FIXTURES_LEAVE):
        found = module.parse(web.get(*module.request(code, year, keys[name])))
    return record(league, name, found, whole=True)


def sync_all() -> str:
    """Every real league, from the source there is a key for; without one nothing is asked by itself. What a
    source refuses is told, and the others are asked all the same, unless it wants to be left alone."""
    if chosen_source() == openfootball.NAME:
        return "no key: nothing is asked"
    said = []
    for league in db.session.scalars(select(League).where(League.family == "real")).all():
        try:
            said.append(f"{league.code}: {sync_league(league).told()}")
        except SourceProblem as problem:
            said.append(f"{league.code}: {problem}")
            if problem.wait is not None:
                break
    return "; ".join(said)


def chosen_source() -> str:
    if settings().football_data_api_key:
        return football_data.NAME
    return api_football.NAME if settings().api_football_key else openfootball.NAME


def current_year() -> int:
    """The year that the season which goes on began in: European leagues begin in summer."""
    now = utcnow()
    return now.year if now.month >= SUMMER else now.year - 1


def _due(league_id: int) -> bool:
    now = utcnow()
    due = select(Match.id).where(
        Match.league_id == league_id,
        ((Match.status == "scheduled") & (Match.kickoff <= now))
        | ((Match.status == "live") & (Match.kickoff <= now - simulated.LASTS)),
    )
    return db.session.scalar(due.limit(1)) is not None


def _oldest_unfinished(league_id: int) -> int | None:
    return db.session.scalar(
        select(func.min(Season.year))
        .join(Match, Match.season_id == Season.id)
        .where(Match.league_id == league_id, Match.status.in_(("scheduled", "live")))
    )
