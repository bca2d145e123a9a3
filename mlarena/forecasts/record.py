"""What a source has found enters the tables here: names become teams, news becomes changes, and what a
source says otherwise than before leaves a trace. Telling the same again writes nothing."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import insert, select

from mlarena.core.clock import rfc3339
from mlarena.core.db import db
from mlarena.forecasts import broadcast
from mlarena.forecasts.models import League, Match, MatchChange, MatchStats, Season
from mlarena.forecasts.names import teams_by_name
from mlarena.forecasts.simulation import season_name
from mlarena.forecasts.sources.found import Found

COUNTS = ("shots", "on_target", "corners", "red", "possession", "xg")
TO_COME = ("scheduled", "postponed", "live")
RESULT = ("finished", "awarded")
SETTLED = (*RESULT, "cancelled")
Stats = dict[tuple[int, str], MatchStats]


@dataclass
class Recorded:
    """What came of it. `waiting` are names that somebody has to map before their matches enter."""

    new: int = 0
    changed: int = 0
    same: int = 0
    vanished: int = 0
    waiting: set[str] = field(default_factory=set)
    # Matches that are being played, or were until now, of which something new is known.
    moved: list[Match] = field(default_factory=list)

    def told(self) -> str:
        said = f"{self.new} new, {self.changed} changed, {self.same} as before"
        if self.vanished:
            said += f", {self.vanished} vanished"
        if self.waiting:
            said += f"; unknown teams: {', '.join(sorted(self.waiting))}"
        return said


def record(league: League, source: str, found: Iterable[Found], whole: bool = False) -> Recorded:
    """Enter what `source` tells of the league's matches. Commits.

    `whole` says that of every season in it the source tells all matches: one that it no longer tells has
    vanished.
    """
    told = {(one.season, one.home, one.away): one for one in found}  # told twice: the last word
    report = Recorded()
    teams = teams_by_name(league, source, {name for key in told for name in key[1:]})
    seasons = _seasons(league, sorted({season for season, _, _ in told}))
    known = _known(list(seasons.values()))
    stats = _known_stats(list(seasons.values())) if any(one.stats for one in told.values()) else {}
    fresh: list[tuple[dict[str, Any], Found]] = []
    seen = set()
    for one in told.values():
        home, away = teams.get(one.home), teams.get(one.away)
        if home is None or away is None:
            report.waiting |= {name for name in (one.home, one.away) if teams.get(name) is None}
            continue
        key = (seasons[one.season], home, away)
        seen.add(key)
        match = known.get(key)
        if match is None:
            fresh.append((_row(league, source, key, one), one))
        elif _renew(match, source, one, stats, report.moved):
            report.changed += 1
        else:
            report.same += 1
    _enter(fresh)
    report.new = len(fresh)
    if whole and not report.waiting:
        gone = [match for key, match in known.items() if key not in seen and match.source == source]
        report.vanished = sum(_vanish(match, source) for match in gone)
    db.session.commit()
    broadcast.tell(report.moved)
    return report


def _seasons(league: League, years: list[int]) -> dict[int, int]:
    known = {
        season.year: season.id
        for season in db.session.scalars(
            select(Season).where(Season.league_id == league.id, Season.year.in_(years))
        )
    }
    for year in years:
        if year not in known:
            name = season_name(year) if league.simulated else f"{year}/{(year + 1) % 100:02d}"
            season = Season(league_id=league.id, year=year, name=name)
            db.session.add(season)
            db.session.flush()
            known[year] = season.id
    return known


def _known(seasons: list[int]) -> dict[tuple[int, int, int], Match]:
    query = select(Match).where(Match.season_id.in_(seasons))
    return {(one.season_id, one.home_id, one.away_id): one for one in db.session.scalars(query)}


def _known_stats(seasons: list[int]) -> Stats:
    query = select(MatchStats).join(Match).where(Match.season_id.in_(seasons))
    return {(one.match_id, one.side): one for one in db.session.scalars(query)}


def _row(league: League, source: str, key: tuple[int, int, int], one: Found) -> dict[str, Any]:
    season, home, away = key
    goals, half = one.goals or (None, None), one.half_time or (None, None)
    return {
        "league_id": league.id,
        "season_id": season,
        "home_id": home,
        "away_id": away,
        "round": one.round,
        "kickoff": one.kickoff,
        "status": one.status,
        "home_goals": goals[0],
        "away_goals": goals[1],
        "ht_home": half[0],
        "ht_away": half[1],
        "minute": one.minute,
        "keys": {source: one.key} if one.key else {},
        "source": source,
        # Nobody can have forecast a match that is over when it is first heard of.
        "settled_at": one.kickoff if one.status in SETTLED else None,
    }


def _enter(fresh: Sequence[tuple[dict[str, Any], Found]]) -> None:
    if not fresh:
        return
    made = db.session.scalars(
        insert(Match).returning(Match.id, sort_by_parameter_order=True),
        [row for row, _ in fresh],
    ).all()
    stats = [
        row for id_, (_, one) in zip(made, fresh, strict=True) for row in _stats_rows(id_, one)
    ]
    if stats:
        db.session.execute(insert(MatchStats), stats)


def _stats_rows(match_id: int, one: Found) -> list[dict[str, Any]]:
    return [
        {"match_id": match_id, "side": side, **{name: counted.get(name) for name in COUNTS}}
        for side, counted in one.stats.items()
    ]


def _renew(match: Match, source: str, one: Found, stats: Stats, moved: list[Match]) -> bool:
    """Bring a match up to what is told of it; False if that is nothing new."""
    changed, was_live = False, match.status == "live"
    # A source that does not know yet does not take back what another one has told.
    behind = source != match.source and one.goals is None and match.status in RESULT
    if not behind:
        changed |= _renew_result(match, source, one)
        if changed and (was_live or match.status == "live"):
            moved.append(match)
    day_only = not one.timed and match.kickoff.date() == one.kickoff.date()
    if match.kickoff != one.kickoff and not day_only:
        trace(match, source, "kickoff", rfc3339(match.kickoff), rfc3339(one.kickoff))
        match.kickoff, changed = one.kickoff, True
        match.settled_at = None
    if one.key is not None and match.keys.get(source) != one.key:
        match.keys, changed = {**match.keys, source: one.key}, True
    if one.round is not None and match.round != one.round:
        match.round, changed = one.round, True
    return _renew_stats(match, one, stats) or changed


def _renew_result(match: Match, source: str, one: Found) -> bool:
    before = (
        match.status, match.home_goals, match.away_goals, match.ht_home, match.ht_away, match.minute
    )  # fmt: skip
    goals, half = one.goals or (None, None), one.half_time or (None, None)
    # Not every source knows how far a live match has come.
    untold = one.status == "live" and one.minute is None
    after = (one.status, *goals, *half, match.minute if untold else one.minute)
    if before == after:
        return False
    if match.status in RESULT and before[:3] != after[:3]:
        trace(match, source, "result", _said(before), _said(after))
        match.settled_at = None
    elif one.status in ("postponed", "cancelled") and match.status != one.status:
        trace(match, source, "status", match.status, one.status)
    if match.status in SETTLED and match.status != one.status:
        match.settled_at = None
    match.status, match.home_goals, match.away_goals = after[:3]
    match.ht_home, match.ht_away, match.minute = after[3:]
    return True


def _said(state: tuple[Any, ...]) -> str:
    status, home, away = state[:3]
    return status if home is None else f"{status} {home}:{away}"


def _renew_stats(match: Match, one: Found, known: Stats) -> bool:
    changed = False
    for row in _stats_rows(match.id, one):
        old = known.get((match.id, row["side"]))
        if old is None:
            db.session.add(MatchStats(**row))
            changed = True
            continue
        for name in COUNTS:
            if row[name] is not None and getattr(old, name) != row[name]:
                setattr(old, name, row[name])
                changed = True
    return changed


def _vanish(match: Match, source: str) -> bool:
    """A match that its source no longer tells. One that was to come is off; a result stays, with a trace."""
    if match.status in TO_COME:
        trace(match, source, "status", match.status, "vanished")
        match.status, match.settled_at = "cancelled", None
        return True
    query = select(MatchChange.id).where(
        MatchChange.match_id == match.id, MatchChange.after == "vanished"
    )
    if match.status in RESULT and db.session.scalar(query) is None:
        trace(match, source, "status", match.status, "vanished")
        return True
    return False


def trace(match: Match, source: str, what: str, before: str | None, after: str | None) -> None:
    db.session.add(
        MatchChange(
            match_id=match.id, source=source, field=what, before=before or "", after=after or ""
        )
    )
