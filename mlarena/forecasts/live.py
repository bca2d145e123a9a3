"""Live scores of the real leagues: asked by the clock, only while matches are on, and as rarely as can be.

API-Football answers for twenty matches in one request, so an evening costs one every quarter of an hour.
"""

from __future__ import annotations

from collections import defaultdict
from datetime import timedelta

from sqlalchemy import select
from sqlalchemy.orm import joinedload

from mlarena.core.clock import utcnow
from mlarena.core.config import settings
from mlarena.core.db import db
from mlarena.forecasts.models import League, Match
from mlarena.forecasts.record import Recorded, record
from mlarena.forecasts.sources import api_football, web
from mlarena.forecasts.sources.budget import asking
from mlarena.forecasts.sources.found import Found, SourceProblem
from mlarena.forecasts.sync import chosen_source, sync_league

# What has not ended so long after kick-off will not be told by asking again: the fixtures' sync mends it.
LONGEST = timedelta(hours=4)


def on_now() -> list[Match]:
    """Matches of real leagues that have kicked off and of which no end is known yet."""
    now = utcnow()
    query = (
        select(Match)
        .join(League)
        .options(joinedload(Match.league))
        .where(
            League.family == "real",
            Match.status.in_(("scheduled", "live")),
            Match.kickoff <= now,
            Match.kickoff > now - LONGEST,
        )
        .order_by(Match.kickoff, Match.id)
    )
    return list(db.session.scalars(query))


def sync_live() -> str:
    """How the matches stand that are on; nothing is asked where none is. Commits; watchers are told."""
    matches = on_now()
    if not matches:
        return "nothing is on"
    key = settings().api_football_key
    numbered = [one for one in matches if key and api_football.NAME in one.keys]
    said = []
    try:
        for at in range(0, len(numbered), api_football.MOST_KEYS):
            for code, done in _ask(numbered[at : at + api_football.MOST_KEYS], key).items():
                said.append(f"{code}: {done.told()}")
        if chosen_source() != "openfootball":
            others = {one.league_id: one.league for one in matches if one not in numbered}
            said += [f"{one.code}: {sync_league(one).told()}" for one in others.values()]
    except SourceProblem as problem:
        said.append(str(problem))
    return "; ".join(said) or "no key: nothing is asked"


def _ask(matches: list[Match], key: str) -> dict[str, Recorded]:
    """One request for these matches; what came of it by league."""
    name = api_football.NAME
    leagues = {one.keys[name]: one.league for one in matches}
    with asking(name):
        found = api_football.parse(web.get(*api_football.request_some(list(leagues), key)))
    by_league: dict[int, list[Found]] = defaultdict(list)
    for one in found:
        if one.key in leagues:
            by_league[leagues[one.key].id].append(one)
    named = {league.id: league for league in leagues.values()}
    return {named[id_].code: record(named[id_], name, told) for id_, told in by_league.items()}
