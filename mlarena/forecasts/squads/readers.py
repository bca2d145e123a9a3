"""What there is to see of players: squads, top scorers, who misses a match; as the JSON door tells it."""

from __future__ import annotations

from typing import Any

from sqlalchemy import case, func, select
from sqlalchemy.orm import joinedload

from mlarena.core.db import db
from mlarena.forecasts import shown
from mlarena.forecasts.models import COUNTS_IN_TABLE, Match, Season, Team
from mlarena.forecasts.squads.models import POSITIONS, Absence, Goal, Player, PlayerSeason

MOST_SCORERS = 50


def players_of(team: Team, season: Season | None = None) -> list[dict[str, Any]]:
    """A team's players, goalkeepers first, with their figures of `season` (None where nobody told); in two
    queries."""
    place = case(
        {position: n for n, position in enumerate(POSITIONS)},
        value=Player.position,
        else_=len(POSITIONS),
    )
    query = select(Player).where(Player.team_id == team.id).order_by(place, Player.name, Player.id)
    players = list(db.session.scalars(query))
    figures: dict[int, PlayerSeason] = {}
    if season is not None:
        told = select(PlayerSeason).where(
            PlayerSeason.season_id == season.id,
            PlayerSeason.player_id.in_([one.id for one in players]),
        )
        figures = {one.player_id: one for one in db.session.scalars(told)}
    return [player(one) | {"season": season_of(figures.get(one.id))} for one in players]


def player(one: Player) -> dict[str, Any]:
    return {
        "id": one.id,
        "name": one.name,
        "full_name": one.full_name,
        "team_id": one.team_id,
        "position": one.position,
        "born": one.born.isoformat() if one.born else None,
        "nationality": one.nationality,
        "injury_status": one.injury_status,
        "injury_reason": one.injury_reason,
        "market_value": one.market_value,
    }


def season_of(one: PlayerSeason | None) -> dict[str, Any] | None:
    names = ("appearances", "minutes", "goals", "assists", "shots", "on_target", "rating")
    return None if one is None else {name: getattr(one, name) for name in names}


def top_scorers(season: Season | None, many: int = 20) -> list[dict[str, Any]]:
    """Who has scored most in the season, equals sharing a rank.

    Counted from the goals where every goal's scorer is known; else as a source counts it (`counted` tells
    which). In two queries.
    """
    if season is None:
        return []
    counted = _counted(season, many)
    rows = counted if counted is not None else _reported(season, many)
    told: list[dict[str, Any]] = []
    for place, (who, team, goals, assists, appearances) in enumerate(rows, 1):
        level = bool(told) and told[-1]["goals"] == goals
        told.append(
            {
                "rank": told[-1]["rank"] if level else place,
                "player": player(who),
                "team": shown.team(team),
                "goals": goals,
                "assists": assists,
                "appearances": appearances,
                "counted": counted is not None,
            }
        )
    return told


def _counted(season: Season, many: int) -> list[Any] | None:
    """From the goals themselves; None where of some match nobody says who scored."""
    scored = (
        select(func.sum(Match.home_goals + Match.away_goals))
        .where(Match.season_id == season.id, Match.status.in_(COUNTS_IN_TABLE))
        .scalar_subquery()
    )
    known = (
        select(func.count())
        .select_from(Goal)
        .join(Match, Match.id == Goal.match_id)
        .where(Match.season_id == season.id, Match.status.in_(COUNTS_IN_TABLE))
        .scalar_subquery()
    )
    goals, told = db.session.execute(select(scored, known)).one()
    if not told or goals != told:
        return None
    goals_of = (
        select(Goal.player_id, func.max(Goal.team_id).label("team_id"), func.count().label("goals"))
        .join(Match, Match.id == Goal.match_id)
        .where(Match.season_id == season.id, Match.status.in_(COUNTS_IN_TABLE))
        .group_by(Goal.player_id)
        .subquery()
    )
    query = (
        select(Player, Team, goals_of.c.goals)
        .join(goals_of, goals_of.c.player_id == Player.id)
        .join(Team, Team.id == goals_of.c.team_id)
        .order_by(goals_of.c.goals.desc(), Player.name, Player.id)
        .limit(many)
    )
    return [(*row, None, None) for row in db.session.execute(query)]


def _reported(season: Season, many: int) -> list[Any]:
    query = (
        select(PlayerSeason)
        .join(Player, Player.id == PlayerSeason.player_id)
        .options(joinedload(PlayerSeason.player), joinedload(PlayerSeason.team))
        .where(PlayerSeason.season_id == season.id, PlayerSeason.goals > 0)
        .order_by(
            PlayerSeason.goals.desc(),
            PlayerSeason.assists.desc().nulls_last(),
            Player.name,
            Player.id,
        )
        .limit(many)
    )
    return [
        (one.player, one.team, one.goals, one.assists, one.appearances)
        for one in db.session.scalars(query)
    ]


def goals_of(match_id: int) -> list[dict[str, Any]]:
    """Who scored in a match and when, in order; empty where nobody says."""
    query = (
        select(Goal)
        .options(joinedload(Goal.player))
        .where(Goal.match_id == match_id)
        .order_by(Goal.number)
    )
    return [
        {
            "minute": one.minute,
            "team_id": one.team_id,
            "player": {"id": one.player_id, "name": one.player.name},
        }
        for one in db.session.scalars(query)
    ]


def absent_from(match_id: int) -> list[dict[str, Any]]:
    """Who misses a match or may, by team and name."""
    query = (
        select(Absence)
        .join(Player, Player.id == Absence.player_id)
        .options(joinedload(Absence.player))
        .where(Absence.match_id == match_id)
        .order_by(Player.team_id, Player.name, Player.id)
    )
    return [
        {
            "player": {"id": one.player_id, "name": one.player.name},
            "team_id": one.player.team_id,
            "position": one.player.position,
            "status": one.status,
            "reason": one.reason,
        }
        for one in db.session.scalars(query)
    ]
