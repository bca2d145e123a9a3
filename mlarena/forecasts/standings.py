"""Tables of a league by its official rules: pure functions of results.

How equals on points are told apart is a list of criteria, one after the other. "Direct" ones look at the
matches of the equals among each other, and are asked anew for those who stay equal after them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from operator import attrgetter
from typing import Any

WIN, DRAW = 3, 1


@dataclass(frozen=True)
class Result:
    """One result that counts. `home` and `away` are ids of teams."""

    home: int
    away: int
    home_goals: int
    away_goals: int


@dataclass
class Line:
    """One team's line of the table. Equal in everything that counts share a `rank`."""

    team: int
    played: int = 0
    won: int = 0
    drawn: int = 0
    lost: int = 0
    goals_for: int = 0
    goals_against: int = 0
    away_goals: int = 0
    deducted: int = 0
    form: list[str] = field(default_factory=list)
    rank: int = 0

    @property
    def points(self) -> int:
        return WIN * self.won + DRAW * self.drawn - self.deducted

    @property
    def goal_difference(self) -> int:
        return self.goals_for - self.goals_against

    def shown(self) -> dict[str, Any]:
        names = ("rank", "played", "won", "drawn", "lost", "goals_for", "goals_against")
        more = ("goal_difference", "points", "deducted")
        return {name: getattr(self, name) for name in (*names, *more)} | {"form": self.form}


Criterion = Callable[[Line], int]
points: Criterion = attrgetter("points")
difference: Criterion = attrgetter("goal_difference")
scored: Criterion = attrgetter("goals_for")
away_goals: Criterion = attrgetter("away_goals")

# (whether only the matches among the equals count, what is looked at), after points. Where even these do
# not tell, leagues play another match, look at cards, or draw lots: then a rank is shared here.
Rule = tuple[bool, Criterion]
RULES: Mapping[str, tuple[Rule, ...]] = {
    "goal_difference": ((False, difference), (False, scored)),
    # Premier League: then the matches between them, points and away goals.
    "england": ((False, difference), (False, scored), (True, points), (True, away_goals)),
    # La Liga: the matches between them come first, once both have been played.
    "spain": ((True, points), (True, difference), (False, difference), (False, scored)),
    # Bundesliga: then the matches between them together, away goals there, away goals of all.
    "germany": (
        (False, difference),
        (False, scored),
        (True, points),
        (True, difference),
        (True, away_goals),
        (False, away_goals),
    ),
    # Serie A: points and difference between them, then of all matches.
    "italy": ((True, points), (True, difference), (False, difference), (False, scored)),
    # Ligue 1: difference, then the matches between them.
    "france": (
        (False, difference),
        (True, points),
        (True, difference),
        (True, scored),
        (True, away_goals),
        (False, scored),
        (False, away_goals),
    ),
}
# Leagues in which the matches between equals decide only when all of them are played.
WHOLE_MEETINGS = ("spain", "italy")


def table(
    teams: Iterable[int],
    results: Sequence[Result],
    rules: str = "goal_difference",
    deducted: Mapping[int, int] | None = None,
) -> list[Line]:
    """The lines of all teams, best first. `results` are in the order they were played in."""
    lines = _count(set(teams), results)
    for team, taken in (deducted or {}).items():
        if team in lines:
            lines[team].deducted = taken
    ranked: list[list[Line]] = []
    for _, equal in _grouped(list(lines.values()), points):
        ranked += _told_apart(equal, results, rules, 0)
    rank, found = 1, []
    for group in ranked:
        for line in sorted(group, key=lambda line: line.team):
            line.rank = rank
            found.append(line)
        rank += len(group)
    return found


def _count(teams: set[int], results: Sequence[Result]) -> dict[int, Line]:
    lines = {team: Line(team) for team in sorted(teams)}
    for result in results:
        for team, own, other, away in (
            (result.home, result.home_goals, result.away_goals, False),
            (result.away, result.away_goals, result.home_goals, True),
        ):
            line = lines.setdefault(team, Line(team))
            line.played += 1
            line.goals_for += own
            line.goals_against += other
            line.away_goals += own if away else 0
            line.won += own > other
            line.drawn += own == other
            line.lost += own < other
            line.form = [*line.form[-4:], "W" if own > other else "D" if own == other else "L"]
    return lines


def _told_apart(
    equal: list[Line], results: Sequence[Result], rules: str, step: int
) -> list[list[Line]]:
    """The equals in groups, best first, by the rules from `step` on."""
    if len(equal) == 1 or step == len(RULES[rules]):
        return [equal]
    direct, look = RULES[rules][step]
    if direct:
        teams = {line.team for line in equal}
        among = [result for result in results if {result.home, result.away} <= teams]
        if rules in WHOLE_MEETINGS and len(among) < len(teams) * (len(teams) - 1):
            return _told_apart(equal, results, rules, step + 1)
        apart = _count(teams, among)
        groups = _grouped(equal, lambda line: look(apart[line.team]))
    else:
        groups = _grouped(equal, look)
    if len(groups) == 1:
        return _told_apart(equal, results, rules, step + 1)
    # Fewer are equal now: what was between them is asked again from the first such rule on.
    again = (
        next(n for n, (is_direct, _) in enumerate(RULES[rules]) if is_direct)
        if direct
        else step + 1
    )
    return [found for _, group in groups for found in _told_apart(group, results, rules, again)]


def _grouped(lines: list[Line], look: Criterion) -> list[tuple[int, list[Line]]]:
    """By what `look` says of a line, the most first."""
    ordered = sorted(lines, key=look, reverse=True)
    return [(value, list(group)) for value, group in groupby(ordered, key=look)]
