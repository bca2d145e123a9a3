"""The simulated league's players: invented like its teams, so that squads, injuries and top scorers are there
without network or key. Everything follows from the installation's secret; no result depends on it.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from functools import lru_cache

from sqlalchemy import select
from sqlalchemy.orm import joinedload

from mlarena.core.clock import utcnow
from mlarena.core.db import db
from mlarena.forecasts.models import League, Match, Season, Team
from mlarena.forecasts.simulation import minutes_of_goals
from mlarena.forecasts.sources import simulated
from mlarena.forecasts.sources.found import FoundAbsence, FoundPlayer
from mlarena.forecasts.squads.models import Goal, Player
from mlarena.forecasts.squads.record import (
    players_by_key,
    record_absences,
    record_goals,
    record_players,
)

# A squad, and how much of a team's scoring each of a position is good for.
SQUAD = {"goalkeeper": 2, "defender": 7, "midfielder": 7, "attacker": 4}
SCORING = {"goalkeeper": 0.0, "defender": 0.5, "midfielder": 1.4, "attacker": 4.0}
FIRST = "ABCDEFGHIJKLMNOPRSTUVWYZ"
NAMES = """
Adair Arkwright Barlowe Bexley Calder Carrow Denholm Drummle Eckhart Eastlake Farrow Fenwick Garrick
Gable Hallam Hartnoll Ingram Iverson Jessop Joyce Kestrel Kinnear Lockyer Lindqvist Marlow Merrick
Norland Nettleton Okafor Ormond Pascoe Penrose Quillan Quist Radley Rennick Sandoval Silvane Tarrant
Tolland Underhill Urquhart Valdane Vickers Wexford Whitlock Yardley Yorke Zeller Zamora
"""
LAST = NAMES.split()
NATIONS = ("Gradia", "Entropia", "Bayesland", "Kernelia", "Tensoria")
REASONS = ("Hamstring", "Ankle", "Knee", "Illness", "Overtrained", "Suspended")
# Of a week, and how many of those are only in doubt.
MISSING, DOUBTFUL = 0.06, 0.3
# Who scored is worked out for so many seasons: the one that goes on and those before it.
SEASONS = 2


@dataclass(frozen=True)
class Invented:
    key: str
    name: str
    full_name: str
    position: str
    born: date
    nationality: str
    market_value: int
    scoring: float


@lru_cache(maxsize=64)
def squad(seed: str, team: str) -> tuple[Invented, ...]:
    """A team's players, always the same ones."""
    chance = _chance(f"{seed}:squad:{team}")
    names = chance.sample(LAST, sum(SQUAD.values()))
    made: list[Invented] = []
    for position, many in SQUAD.items():
        for _ in range(many):
            name, skill = names.pop(), chance.random()
            first = chance.choice(FIRST)
            days = chance.randrange(18 * 365, 35 * 365)
            made.append(
                Invented(
                    key=f"{team}:{len(made) + 1}",
                    name=f"{first}. {name}",
                    full_name=f"{first}. {name} of {team}",
                    position=position,
                    born=date(2026, 1, 1) - timedelta(days=days),
                    nationality=chance.choice(NATIONS),
                    market_value=round(10 ** (5.3 + 2 * skill)) // 10_000 * 10_000,
                    scoring=SCORING[position] * (0.3 + skill),
                )
            )
    return tuple(made)


def scorers(seed: str, match: str, team: str, minutes: list[int]) -> list[tuple[int, str]]:
    """Who of the team scored in which minute: (minute, the player's key). `match` tells matches apart."""
    chance = _chance(f"{seed}:scorers:{match}:{team}")
    players = squad(seed, team)
    weights = [one.scoring for one in players]
    return [(minute, chance.choices(players, weights)[0].key) for minute in minutes]


def missing(seed: str, team: str, week: int) -> Iterator[tuple[Invented, bool, str]]:
    """Who misses the team's matches of a week, whether that is in doubt, and why."""
    for one in squad(seed, team):
        chance = _chance(f"{seed}:fit:{week}:{one.key}")
        if chance.random() < MISSING:
            yield one, chance.random() < DOUBTFUL, chance.choice(REASONS)


def unknown(league: League) -> bool:
    """Whether the league has no players yet."""
    query = select(Player.id).where(Player.league_id == league.id).limit(1)
    return db.session.scalar(query) is None


def keep_squads(league: League, seed: str) -> int:
    """Players where there are none yet, who misses the next match, and who scored in what is over. Writes
    what is new only; how many goals. Commits."""
    teams = list(db.session.scalars(select(Team).where(Team.league_id == league.id)))
    known = players_by_key(league, simulated.NAME)
    if len(known) < len(teams) * sum(SQUAD.values()):
        record_players(league, simulated.NAME, _told(seed, teams))
        known = players_by_key(league, simulated.NAME)
    goals = _goals(league, seed, known)
    many = record_goals(goals)
    db.session.commit()
    _keep_absences(league, seed)
    return many


def _told(seed: str, teams: list[Team]) -> Iterator[FoundPlayer]:
    for team in teams:
        for one in squad(seed, team.name):
            yield FoundPlayer(
                key=one.key,
                name=one.name,
                team=team.name,
                full_name=one.full_name,
                position=one.position,
                born=one.born,
                nationality=one.nationality,
                injured=False,
                market_value=one.market_value,
            )


def _goals(
    league: League, seed: str, known: dict[str, Player]
) -> dict[int, list[tuple[int, int, int]]]:
    """Of matches that are over and have goals that nobody is written down for."""
    latest = (
        select(Season.id)
        .where(Season.league_id == league.id)
        .order_by(Season.year.desc())
        .limit(SEASONS + 1)
    )
    query = (
        select(Match)
        .options(joinedload(Match.home), joinedload(Match.away), joinedload(Match.season))
        .where(
            Match.season_id.in_(latest.scalar_subquery()),
            Match.status == "finished",
            Match.home_goals + Match.away_goals > 0,
            Match.id.not_in(select(Goal.match_id)),
        )
    )
    found = {}
    for match in db.session.scalars(query):
        name = f"{match.season.year}:{match.home.name}:{match.away.name}"
        minutes = minutes_of_goals(
            seed, name, (match.home_goals or 0, match.away_goals or 0),
            (match.ht_home or 0, match.ht_away or 0),
        )  # fmt: skip
        found[match.id] = [
            (minute, team.id, known[key].id)
            for team, at in zip((match.home, match.away), minutes, strict=True)
            for minute, key in scorers(seed, name, team.name, at)
        ]
    return found


def _keep_absences(league: League, seed: str) -> None:
    """Of every team's next match within a day."""
    now = utcnow()
    query = (
        select(Match)
        .options(joinedload(Match.home), joinedload(Match.away))
        .where(
            Match.league_id == league.id,
            Match.status == "scheduled",
            Match.kickoff < now + timedelta(days=1),
        )
    )
    week = now.date().toordinal() // 7
    found = [
        FoundAbsence(match.keys[simulated.NAME], one.key, one.name, team.name, doubtful, reason)
        for match in db.session.scalars(query)
        if simulated.NAME in match.keys
        for team in (match.home, match.away)
        for one, doubtful, reason in missing(seed, team.name, week)
    ]
    record_absences(league, simulated.NAME, found)


def _chance(seed: str) -> random.Random:
    # A game, and it must come out the same again.
    return random.Random(seed)  # noqa: S311
