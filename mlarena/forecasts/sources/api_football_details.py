"""What API-Football tells besides matches: statistics, players, injuries, the official table.

Values come as numbers, as text ("35%", "1.17"), or as null; tables as a list of lists, one a group. It spells
`appearences`.
"""

from __future__ import annotations

from datetime import date
from typing import Any

from mlarena.forecasts.sources.api_football import NAME, response
from mlarena.forecasts.sources.found import (
    FoundAbsence,
    FoundLine,
    FoundPlayer,
    SourceProblem,
    real,
    team_name,
    whole,
    words,
)
from mlarena.forecasts.sources.web import Answer

# Its names for what we keep of a side's statistics.
COUNTED = {
    "Total Shots": "shots",
    "Shots on Goal": "on_target",
    "Corner Kicks": "corners",
    "Red Cards": "red",
    "Ball Possession": "possession",
}
UNREADABLE = (KeyError, TypeError, ValueError, AttributeError, IndexError)


def statistics(answer: Answer) -> dict[str, dict[str, float | None]]:
    """By team, in its words: shots, on_target, corners, red, possession in per cent, xg; None for null.

    Raises SourceProblem, as all of them do.
    """
    found = {}
    for row in response(answer)[0]:
        try:
            told = {one["type"]: one["value"] for one in row["statistics"]}
            team = row["team"]["name"]
        except UNREADABLE as error:
            raise _unreadable("statistics", error) from None
        counts: dict[str, float | None] = {
            ours: whole(told.get(theirs), NAME, 999) for theirs, ours in COUNTED.items()
        }
        counts["xg"] = real(told.get("expected_goals"), NAME)
        if (counts["possession"] or 0) > 100 or (counts["xg"] or 0) > 99:
            raise SourceProblem(f"{NAME} counts a possession or xG that cannot be.")
        found[team_name(team, NAME)] = counts
    return found


def players(answer: Answer, league: int) -> tuple[list[FoundPlayer], int]:
    """Players with what they did in the league of that number (`players`, `players/topscorers`), and of
    how many pages this is one."""
    rows, pages = response(answer)
    return [one for row in rows for one in _player(row, league)], pages


def _player(row: Any, league: int) -> list[FoundPlayer]:
    try:
        who = row["player"]
        key, name = str(int(who["id"])), words(who["name"], 80)
        born = (who.get("birth") or {}).get("date")
        given = [part for part in (who.get("firstname"), who.get("lastname")) if part]
        seasons = [one for one in row["statistics"] if one["league"].get("id") == league]
        told = [
            FoundPlayer(
                key=key,
                name=name or f"Player {key}",
                team=team_name(one["team"]["name"], NAME),
                season=int(one["league"]["season"]),
                full_name=words(" ".join(given), 120),
                position=_position(one["games"].get("position")),
                born=date.fromisoformat(born) if born else None,
                nationality=words(who.get("nationality"), 64),
                injured=who.get("injured") if isinstance(who.get("injured"), bool) else None,
                appearances=whole(one["games"]["appearences"], NAME),
                minutes=whole(one["games"].get("minutes"), NAME),
                goals=whole(one["goals"]["total"], NAME),
                assists=whole(one["goals"].get("assists"), NAME),
                shots=whole((one.get("shots") or {}).get("total"), NAME),
                on_target=whole((one.get("shots") or {}).get("on"), NAME),
                rating=real(one["games"].get("rating"), NAME),
            )
            for one in seasons
        ]
    except UNREADABLE as error:
        raise _unreadable("player", error) from None
    return told


def _position(said: Any) -> str | None:
    known = ("goalkeeper", "defender", "midfielder", "attacker")
    return said.lower() if isinstance(said, str) and said.lower() in known else None


def injuries(answer: Answer) -> list[FoundAbsence]:
    """Who misses which match."""
    found = []
    for row in response(answer)[0]:
        try:
            who = row["player"]
            found.append(
                FoundAbsence(
                    match=str(int(row["fixture"]["id"])),
                    key=str(int(who["id"])),
                    name=words(who["name"], 80) or f"Player {who['id']}",
                    team=team_name(row["team"]["name"], NAME),
                    doubtful=str(who.get("type")).strip().lower() == "questionable",
                    reason=words(who.get("reason"), 120),
                )
            )
        except UNREADABLE as error:
            raise _unreadable("injury", error) from None
    return found


def standings(answer: Answer) -> list[FoundLine]:
    """The table's lines, of all its groups: a list of lists."""
    found = []
    for row in response(answer)[0]:
        try:
            league = row["league"]
            for line in (one for group in league["standings"] for one in group):
                counts = line["all"]
                found.append(
                    FoundLine(
                        season=int(league["season"]),
                        team=team_name(line["team"]["name"], NAME),
                        rank=int(line["rank"]),
                        points=int(line["points"]),
                        played=int(counts["played"]),
                        won=int(counts["win"]),
                        drawn=int(counts["draw"]),
                        lost=int(counts["lose"]),
                        goals=(int(counts["goals"]["for"]), int(counts["goals"]["against"])),
                    )
                )
        except UNREADABLE as error:
            raise _unreadable("table", error) from None
    return found


def _unreadable(what: str, error: Exception) -> SourceProblem:
    return SourceProblem(f"{NAME} has a {what} that cannot be read: {error!r}")
