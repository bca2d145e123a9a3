"""What a source tells of players enters the tables here. Telling the same again writes nothing."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import timedelta
from typing import Any

from sqlalchemy import delete, select

from mlarena.core.clock import utcnow
from mlarena.core.db import db
from mlarena.forecasts.models import League, Match, Season
from mlarena.forecasts.names import teams_by_name
from mlarena.forecasts.record import Recorded
from mlarena.forecasts.sources.found import FoundAbsence, FoundPlayer
from mlarena.forecasts.squads.models import Absence, Goal, Player, PlayerSeason

A_SEASON = timedelta(days=400)
# What is told of a player themselves, and of their season.
SELF = ("name", "full_name", "position", "born", "nationality", "market_value")
SEASON = ("appearances", "minutes", "goals", "assists", "shots", "on_target", "rating")


def record_players(league: League, source: str, found: Iterable[FoundPlayer]) -> Recorded:
    """Players, the team they are with, and their figures of the seasons told. Commits.

    Who is told twice for a season, having changed teams, stays with the last; the figures are added
    up. The same told twice is told once.
    """
    rows = list(dict.fromkeys(found))
    report = Recorded()
    teams = teams_by_name(league, source, {one.team for one in rows})
    report.waiting = {one.team for one in rows if teams.get(one.team) is None}
    rows = [one for one in rows if one.team not in report.waiting]
    known = players_by_key(league, source)
    touched: dict[str, str] = {}
    for one in rows:
        player, team = known.get(one.key), teams[one.team]
        if player is None:
            player = Player(
                league_id=league.id, source=source, key=one.key, team_id=team, name=one.name
            )
            known[one.key] = player
            db.session.add(player)
            touched[one.key] = "new"
        changes = {name: getattr(one, name) for name in SELF} | {"team_id": team}
        # The list of injuries says more; this is for who is on none.
        if one.injured is not None and player.injury_status is None:
            changes["injury_status"] = "out" if one.injured else "fit"
        if _renew(player, changes):
            touched.setdefault(one.key, "changed")
    db.session.flush()
    for key in _record_seasons(league, rows, known):
        touched.setdefault(key, "changed")
    report.new = sum(what == "new" for what in touched.values())
    report.changed = len(touched) - report.new
    report.same = len({one.key for one in rows}) - len(touched)
    db.session.commit()
    return report


def _renew(row: Any, values: dict[str, Any]) -> bool:
    """Set what is known and another; what is None is not known and takes nothing back."""
    changed = {
        name: value
        for name, value in values.items()
        if value is not None and getattr(row, name) != value
    }
    for name, value in changed.items():
        setattr(row, name, value)
    return bool(changed)


def _record_seasons(
    league: League, rows: Sequence[FoundPlayer], known: dict[str, Player]
) -> set[str]:
    years = {one.season for one in rows if one.season is not None}
    seasons = seasons_by_year(league, years)
    query = select(PlayerSeason).where(PlayerSeason.season_id.in_(seasons.values()))
    there = {(one.season_id, one.player_id): one for one in db.session.scalars(query)}
    told: dict[tuple[int, int], tuple[FoundPlayer, dict[str, Any]]] = {}
    for one in rows:
        if one.season not in seasons:
            continue
        place = (seasons[one.season], known[one.key].id)
        before = told[place][1] if place in told else {}
        told[place] = (one, {name: _sum(name, before, one) for name in SEASON})
    touched = set()
    for place, (one, figures) in told.items():
        row = there.get(place)
        values = figures | {"team_id": known[one.key].team_id}
        if row is None:
            db.session.add(PlayerSeason(season_id=place[0], player_id=place[1], **values))
            touched.add(one.key)
        elif _renew(row, values):
            touched.add(one.key)
    return touched


def _sum(name: str, before: dict[str, Any], one: FoundPlayer) -> Any:
    value, old = getattr(one, name), before.get(name)
    if name == "rating" or value is None or old is None:
        return value if value is not None else old
    return old + value


def record_absences(league: League, source: str, found: Iterable[FoundAbsence]) -> Recorded:
    """Who misses which match, and with it who is fit now. Commits.

    `found` is all that the source tells of the matches in it. Who was out and misses no coming match any
    more is fit. Matches that nobody knows by the source's number are left out.
    """
    rows = list(found)
    report = Recorded()
    teams = teams_by_name(league, source, {one.team for one in rows})
    report.waiting = {one.team for one in rows if teams.get(one.team) is None}
    matches = {
        str(keys[source]): (match_id, status)
        for match_id, keys, status in db.session.execute(
            select(Match.id, Match.keys, Match.status).where(
                Match.league_id == league.id, Match.kickoff > utcnow() - A_SEASON
            )
        )
        if source in keys
    }
    known = players_by_key(league, source)
    told: dict[tuple[int, str], FoundAbsence] = {}
    for one in rows:
        if one.match in matches and one.team not in report.waiting:
            told[matches[one.match][0], one.key] = one
    for one in told.values():
        if one.key not in known:
            known[one.key] = Player(
                league_id=league.id,
                source=source,
                key=one.key,
                team_id=teams[one.team],
                name=one.name,
            )
            db.session.add(known[one.key])
    db.session.flush()
    ids = {match for match, _ in told}
    query = select(Absence).where(Absence.match_id.in_(ids))
    there = {(one.match_id, one.player_id): one for one in db.session.scalars(query)}
    coming = {match for match, status in matches.values() if status in ("scheduled", "postponed")}
    out: dict[int, FoundAbsence] = {}
    for (match, key), one in told.items():
        player = known[key].id
        values = {"status": "doubtful" if one.doubtful else "out", "reason": one.reason}
        row = there.pop((match, player), None)
        if row is None:
            db.session.add(Absence(match_id=match, player_id=player, **values))
            report.new += 1
        elif _renew(row, values):
            report.changed += 1
        else:
            report.same += 1
        if match in coming:
            out[player] = one
    for gone in there.values():
        db.session.delete(gone)
        report.vanished += 1
    for player_row in known.values():
        _fitness(player_row, out.get(player_row.id))
    db.session.commit()
    return report


def _fitness(player: Player, absence: FoundAbsence | None) -> None:
    if absence is None:
        if player.injury_status in ("out", "doubtful"):
            player.injury_status, player.injury_reason = "fit", None
        return
    status = "doubtful" if absence.doubtful else "out"
    if (player.injury_status, player.injury_reason) != (status, absence.reason):
        player.injury_status, player.injury_reason = status, absence.reason


def record_goals(goals: dict[int, list[tuple[int, int, int]]]) -> int:
    """Who scored: by match the minute, the team it counts for, and the player, in their order. What was told
    of these matches before is replaced; how many goals. Not committed."""
    if not goals:
        return 0
    db.session.execute(delete(Goal).where(Goal.match_id.in_(goals)))
    rows = [
        Goal(match_id=match, number=number, minute=minute, team_id=team, player_id=player)
        for match, scored in goals.items()
        for number, (minute, team, player) in enumerate(sorted(scored), 1)
    ]
    db.session.add_all(rows)
    return len(rows)


def players_by_key(league: League, source: str) -> dict[str, Player]:
    query = select(Player).where(Player.league_id == league.id, Player.source == source)
    return {one.key: one for one in db.session.scalars(query)}


def seasons_by_year(league: League, years: Iterable[int | None]) -> dict[int | None, int]:
    wanted = [year for year in years if year is not None]
    query = select(Season).where(Season.league_id == league.id, Season.year.in_(wanted))
    return {one.year: one.id for one in db.session.scalars(query)}
