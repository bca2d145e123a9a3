"""A league that does not exist, to play with where there is neither network nor key.

Fourteen invented teams play everybody twice, a round a day, so that a season is a month and there is always
a match a few hours away. Everything follows from the seed: strengths that drift from season to season,
fixtures, results. Nobody who knows the seed is surprised, so an installation takes one of its own secrets.
"""

from __future__ import annotations

import math
import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

TEAMS = (
    "Gradient Rovers",
    "Entropy Town",
    "Overfit United",
    "Bayes Wanderers",
    "Kernel Villa",
    "Dropout City",
    "Epoch Albion",
    "Residual Rangers",
    "Sigmoid Forest",
    "Tensor Vale",
    "Outlier County",
    "Lasso Harriers",
    "Gini Orient",
    "Momentum Athletic",
)
# Between two kick-offs of a round, which has half as many matches as there are teams.
APART = timedelta(hours=3)
# A season has 26 rounds, also in February; what is left of the month is its summer.
FIRST_DAY = 2
# What a home and an away team of middling strength score.
HOME_GOALS, AWAY_GOALS = 1.40, 1.08
SPREAD = 0.26
KEPT = 0.85


@dataclass(frozen=True)
class Played:
    """What happened in a match; known once it is over."""

    goals: tuple[int, int]
    half_time: tuple[int, int]
    shots: tuple[int, int]
    on_target: tuple[int, int]
    corners: tuple[int, int]


@dataclass(frozen=True)
class Simulated:
    """A match with its result, whoever may know it already."""

    key: str
    season: int
    round: int
    kickoff: datetime
    home: str
    away: str
    result: Played


def season_of(at: datetime) -> int:
    """Seasons are months, counted from the year 2000, so that one follows the other."""
    at = at.astimezone(UTC)
    return (at.year - 2000) * 12 + at.month - 1


def season_name(season: int) -> str:
    year, month = divmod(season, 12)
    return f"{datetime(2000 + year, month + 1, 1, tzinfo=UTC):%B %Y}"


def season_matches(seed: str, season: int) -> Iterator[Simulated]:
    """All matches of a season, in the order of their kick-offs."""
    year, month = divmod(season, 12)
    first = datetime(2000 + year, month + 1, FIRST_DAY, 1, tzinfo=UTC)
    strengths = _strengths(seed, season)
    for number, pairs in enumerate(_rounds(_chance(f"{seed}:fixtures:{season}"))):
        for place, (home, away) in enumerate(pairs):
            chance = _chance(f"{seed}:{season}:{home}:{away}")
            yield Simulated(
                key=f"{season}-{home}-{away}",
                season=season,
                round=number + 1,
                kickoff=first + timedelta(days=number) + place * APART,
                home=TEAMS[home],
                away=TEAMS[away],
                result=_play(chance, strengths[home], strengths[away]),
            )


def minutes_of_goals(
    seed: str, match: str, goals: tuple[int, int], half_time: tuple[int, int]
) -> tuple[list[int], list[int]]:
    """In which minutes either side scored, those of the first half before the 46th. `match` tells matches
    apart."""
    chance = _chance(f"{seed}:minutes:{match}")
    sides = []
    for many, early in zip(goals, half_time, strict=True):
        first = [chance.randint(1, 45) for _ in range(early)]
        sides.append(sorted(first + [chance.randint(46, 90) for _ in range(many - early)]))
    return sides[0], sides[1]


def _chance(seed: str) -> random.Random:
    # A game, and it must come out the same again.
    return random.Random(seed)  # noqa: S311


def _rounds(chance: random.Random) -> list[list[tuple[int, int]]]:
    """Everybody against everybody, at home and away, by the circle method (T. Kirkman 1847)."""
    circle = list(range(len(TEAMS)))
    chance.shuffle(circle)
    first = []
    for turn in range(len(circle) - 1):
        half = len(circle) // 2
        pairs = list(zip(circle[:half], reversed(circle[half:]), strict=True))
        if turn % 2:
            pairs = [(away, home) for home, away in pairs]
        chance.shuffle(pairs)
        first.append(pairs)
        circle = [circle[0], circle[-1], *circle[1:-1]]
    return first + [[(away, home) for home, away in pairs] for pairs in first]


def _strengths(seed: str, season: int, memory: int = 24) -> list[tuple[float, float]]:
    """Attack and defence of every team: what is left of the last seasons, and a new part each."""
    found = []
    for team in range(len(TEAMS)):
        values = [0.0, 0.0]
        for past in range(season - memory, season + 1):
            chance = _chance(f"{seed}:strength:{past}:{team}")
            fresh = SPREAD * math.sqrt(1 - KEPT**2)
            values = [KEPT * value + chance.gauss(0, fresh) for value in values]
        found.append((values[0], values[1]))
    return found


def _play(chance: random.Random, home: tuple[float, float], away: tuple[float, float]) -> Played:
    means = (HOME_GOALS * math.exp(home[0] - away[1]), AWAY_GOALS * math.exp(away[0] - home[1]))
    # Goals come out of shots on target, those out of shots: each is a share of the other.
    shots = [_poisson(chance, 9 * mean**0.7) for mean in means]
    on_target = [sum(chance.random() < 0.36 for _ in range(many)) for many in shots]
    goals = [
        sum(chance.random() < min(0.9, mean / (9 * mean**0.7 * 0.36)) for _ in range(many))
        for many, mean in zip(on_target, means, strict=True)
    ]
    early = [sum(chance.random() < 0.45 for _ in range(many)) for many in goals]
    corners = [_poisson(chance, 2 + 0.25 * many) for many in shots]
    columns = (goals, early, shots, on_target, corners)
    return Played(*((one, other) for one, other in columns))


def _poisson(chance: random.Random, mean: float) -> int:
    """Knuth's way: as many as fit before the product of chances falls below e^-mean."""
    least, product, many = math.exp(-mean), chance.random(), 0
    while product > least:
        product *= chance.random()
        many += 1
    return many
