"""Scales: from a value to a percentage of the drawing, and the round numbers beside it."""

from __future__ import annotations

import math
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from typing import Any

TONES = 6  # colours of the categorical scale (tokens.css); a seventh thing takes the first again
LARGEST = sys.float_info.max
SUFFIXES = ((1e12, "T"), (1e9, "G"), (1e6, "M"), (1e3, "k"))


@dataclass(frozen=True)
class Tick:
    """A number beside an axis: where (per cent), and what it says."""

    at: float
    label: str


def finite(value: Any) -> float | None:
    """`value` as a float, or None for what cannot be drawn: None, NaN, infinity, text."""
    if value is None:
        return None
    try:
        number = float(value)
    except (TypeError, ValueError, OverflowError):
        return None
    return number if math.isfinite(number) else None


def moment(value: Any) -> float | None:
    """As `finite`, and a date or time as seconds, so that it can stand on an axis."""
    if isinstance(value, datetime):
        return (value if value.tzinfo else value.replace(tzinfo=UTC)).timestamp()
    if isinstance(value, date):
        return datetime.combine(value, time(), UTC).timestamp()
    return finite(value)


def rounded(percent: float) -> float:
    """Two decimals are finer than any screen, and keep the page small."""
    return round(percent, 2) + 0.0  # no -0.0 on the page


@dataclass(frozen=True)
class Scale:
    """`low` stands at 0 %, `high` at 100 %. Where they are equal everything stands in the middle."""

    low: float
    high: float

    def at(self, value: float) -> float:
        # Halved first: the width of a scale from -1e308 to 1e308 is no float.
        width = self.high / 2 - self.low / 2
        if width <= 0:
            return 50.0
        share = (value / 2 - self.low / 2) / width
        return rounded(min(max(share, 0.0), 1.0) * 100)

    def up(self, value: float) -> float:
        """The same from below: an SVG counts downwards from the top."""
        return rounded(100 - self.at(value))


def scale_of(values: Iterable[float], *, zero: bool = False, pad: float = 0.0) -> Scale:
    """The scale that holds all of `values`, with `pad` (a share of its width) free at both ends."""
    held = list(values)
    if zero:
        held.append(0.0)
    if not held:
        return Scale(0.0, 1.0)
    low, high = min(held), max(held)
    margin = min((high / 2 - low / 2) * pad * 2, LARGEST)
    return Scale(max(low - margin, -LARGEST), min(high + margin, LARGEST))


def round_scale(scale: Scale, count: int = 4) -> tuple[Scale, list[float]]:
    """`scale` widened to round numbers, and those numbers: 0, 0.25, 0.5, …; about `count` steps."""
    low, high = scale.low, scale.high
    if low == high:
        # One value has no neighbours to be told from: one number beside it is enough.
        return scale, [low]
    step = round_step((high / 2 - low / 2) / count * 2)
    if not math.isfinite(step) or step <= 0:
        return scale, [low, high]
    first, last = math.floor(low / step), math.ceil(high / step)
    if last - first > 4 * count:  # the values differ by less than a float can tell
        return scale, [low, high]
    values = [float(f"{number * step:.12g}") for number in range(first, last + 1)]
    if not (math.isfinite(values[0]) and math.isfinite(values[-1])):
        return scale, [low, high]
    return Scale(values[0], values[-1]), values


def round_step(rough: float) -> float:
    """The next 1, 2, 2.5 or 5 of a power of ten."""
    if rough <= 0 or not math.isfinite(rough):
        return rough
    power = 10.0 ** math.floor(math.log10(rough))
    if power == 0:
        return rough
    for nice in (1, 2, 2.5, 5):
        if rough <= nice * power * 1.000001:
            return nice * power
    return 10 * power


def ticks(scale: Scale, values: Iterable[float], *, upwards: bool = False) -> list[Tick]:
    place = scale.up if upwards else scale.at
    return [Tick(place(value), compact(value)) for value in values]


def day_ticks(scale: Scale, most: int = 4) -> list[Tick]:
    """Dates below a time axis. A year is said where the axis spans more than one."""
    if scale.low == scale.high:
        return [Tick(50.0, _day(scale.low, years=True))]
    years = _when(scale.low).year != _when(scale.high).year
    steps = [scale.low + (scale.high - scale.low) * n / (most - 1) for n in range(most)]
    found: list[Tick] = []
    for at in steps:
        label = _day(at, years)
        if not found or found[-1].label != label:
            found.append(Tick(scale.at(at), label))
    return found


def _when(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)


def _day(seconds: float, years: bool) -> str:
    when = _when(seconds)
    return f"{when.day} {when:%b %Y}" if years else f"{when.day} {when:%b}"


def compact(value: float | None) -> str:
    """A number in at most seven characters: 0.25, 12.5, 1,250, 12.5k, 3M, 1e+300."""
    number = finite(value)
    if number is None:
        return "–"
    size = abs(number)
    if size < 1e-4 and size > 0:
        return f"{number:.1e}"
    if size < 1000:
        return f"{float(f'{number:.3g}'):g}"
    if size < 10_000:
        return f"{number:,.0f}"
    if size >= 1e15:
        return f"{number:.2g}"
    for unit, suffix in SUFFIXES:
        if size >= unit * 0.9995:
            return f"{float(f'{number / unit:.3g}'):g}{suffix}"
    return f"{number:g}"
