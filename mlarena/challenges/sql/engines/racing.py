"""How a query is timed on a machine that is not ours alone: beside a yardstick, at the machine's own speed.

While another tenant uses the other half of a core, everything takes up to 1.9 times the processor time, one
query more than the other; that comes and goes within seconds, on each core by itself. A yardstick, a short
query of ours that stays in the core's own caches, shows it. So the laps are run where the yardstick is as
fast as it gets here, and a query's time is told in yardsticks: what was measured in another hour compares.
"""

from __future__ import annotations

import math
import time
from collections import deque
from collections.abc import Sequence
from typing import Protocol

from mlarena.challenges.sql.engines.ran import Lap, Run

LAPS = 7
MOST_LAPS = 35
# Beside the laps that are due: to wait for the machine's own speed, and for more laps.
PATIENCE_SECONDS = 3.0
# Yardsticks that differ by less were at the same speed.
EVEN = 1.08
# Two laps that differ by less have both found the query's own time.
AGREE = 1.01
# So many races ago a machine may have been another one.
KEPT = 50


class Track(Protocol):
    """A warmed-up query and the yardstick, one of which runs at a time, on the same core."""

    def yardstick(self) -> float:
        """Milliseconds of processor time of one run of it."""
        ...

    def lap(self) -> Run:
        """One run of the query."""
        ...

    def turn(self) -> None:
        """Both go on on another core, where there is one."""
        ...


class Pace:
    """The machine's own speed: the fastest yardstick of the races of late."""

    def __init__(self) -> None:
        self._races: deque[float] = deque(maxlen=KEPT)

    def fastest(self) -> float:
        """Milliseconds; infinite before the first race."""
        return min(list(self._races), default=math.inf)

    def note(self, milliseconds: float) -> None:
        self._races.append(milliseconds)


def race(track: Track, pace: Pace, patience: float = PATIENCE_SECONDS) -> list[Lap]:
    """At least LAPS laps; with `patience`, in seconds, more until the two least that count say the same."""
    found: list[Lap] = []
    fastest, until = pace.fastest(), time.monotonic() + patience
    before = own = track.yardstick()
    while len(found) < MOST_LAPS:
        while before > EVEN * fastest and time.monotonic() < until:
            track.turn()
            before = track.yardstick()
            own = min(own, before)
        began = time.monotonic()
        run = track.lap()
        after = track.yardstick()
        found.append(Lap(run.cpu_ms, max(before, after), run.milliseconds, run.steps))
        before, own = after, min(own, after)
        fastest = min(fastest, own)
        if len(found) < LAPS:
            until += time.monotonic() - began  # a lap that is due is no waiting
        elif settled(found, fastest) or time.monotonic() >= until:
            break
    pace.note(own)
    return found


def settled(laps: Sequence[Lap], fastest: float) -> bool:
    """Whether the two least of the laps beside a yardstick of that speed say the same."""
    least = sorted(lap.cpu_ms for lap in _even(laps, fastest))[:2]
    return len(least) == 2 and least[1] <= AGREE * least[0]


def yardsticks(laps: Sequence[Lap]) -> float:
    """The least processor time of a query, in yardsticks: of the laps beside the fastest of these."""
    fastest = min(lap.yardstick_ms for lap in laps)
    return max(min(lap.cpu_ms for lap in _even(laps, fastest)), 1e-3) / max(fastest, 1e-3)


def _even(laps: Sequence[Lap], fastest: float) -> list[Lap]:
    return [lap for lap in laps if lap.yardstick_ms <= EVEN * fastest]
