"""Lines and points: a sparkline, lines over an axis, a cloud of points."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from math import sqrt
from typing import Any

from mlarena.core.charts.scales import (
    TONES,
    Scale,
    Tick,
    compact,
    day_ticks,
    finite,
    moment,
    round_scale,
    rounded,
    scale_of,
    ticks,
)
from mlarena.core.evenly import evenly

TABLE_ROWS = 100

Point = tuple[float, float]


@dataclass(frozen=True)
class Sparkline:
    """A small line without axes. `path` and `area` are SVG paths in a box of 100 by 100."""

    values: list[float | None]
    path: str
    area: str
    last: Point | None
    first_value: float | None
    last_value: float | None
    low: float | None
    high: float | None


@dataclass(frozen=True)
class Line:
    name: str
    tone: int
    dashed: bool
    path: str
    dots: list[Point]
    last: Point | None


@dataclass(frozen=True)
class Lines:
    lines: list[Line]
    x_ticks: list[Tick]
    y_ticks: list[Tick]
    diagonal: tuple[float, float, float, float] | None
    columns: list[tuple[str, str]]  # as data_table of templates/ui/tables.html takes them
    rows: list[list[str]]  # the table behind the drawing
    left_out: int  # how many rows the table leaves out


@dataclass(frozen=True)
class Dot:
    x: float
    y: float
    radius: float
    label: str


@dataclass(frozen=True)
class Scatter:
    dots: list[Dot]
    x_ticks: list[Tick]
    y_ticks: list[Tick]
    diagonal: tuple[float, float, float, float] | None
    rows: list[list[str]]
    left_out: int


def sparkline(values: Iterable[Any]) -> Sparkline:
    """`values` in their order, oldest first; a gap where one is missing."""
    held = [finite(value) for value in values]
    seen = [value for value in held if value is not None]
    scale = scale_of(seen)
    across = Scale(0, max(len(held) - 1, 0))
    points = [
        None if value is None else (across.at(n), scale.up(value)) for n, value in enumerate(held)
    ]
    drawn = [point for point in points if point is not None]
    return Sparkline(
        values=held,
        path=path(points),
        area=_area(drawn) if len(drawn) == len(points) else "",
        last=drawn[-1] if drawn else None,
        first_value=seen[0] if seen else None,
        last_value=seen[-1] if seen else None,
        low=min(seen, default=None),
        high=max(seen, default=None),
    )


def lines(
    series: Iterable[tuple[str, Iterable[tuple[Any, Any]]]],
    *,
    x_range: tuple[float, float] | None = None,
    y_range: tuple[float, float] | None = None,
    diagonal: bool = False,
    x_name: str = "x",
    dots_up_to: int = 40,
) -> Lines:
    """Named lines of (x, y); x may be numbers, dates or times. `diagonal` is where x equals y."""
    held = [(name, [(x, moment(x), finite(y)) for x, y in points]) for name, points in series]
    is_time = any(isinstance(x, date) for _, points in held for x, _, _ in points)
    xs = [at for _, points in held for _, at, _ in points if at is not None]
    ys = [y for _, points in held for _, at, y in points if at is not None and y is not None]
    if diagonal:
        xs, ys = xs + ys, xs + ys
    x_scale, x_values = _axis(xs, x_range, is_time)
    if not diagonal and x_range is None and not is_time:  # a line goes from edge to edge
        x_scale, x_values = _axis(xs, (min(xs), max(xs)) if xs else None, False)
    y_scale, y_values = _axis(ys, y_range, False)

    drawn = []
    for number, (name, points) in enumerate(held):
        places = [
            None if at is None or y is None else (x_scale.at(at), y_scale.up(y))
            for _, at, y in points
        ]
        there = [place for place in places if place is not None]
        drawn.append(
            Line(
                name=name,
                tone=number % TONES + 1,
                dashed=number >= TONES,
                path=path(places),
                dots=there if len(there) <= dots_up_to else [],
                last=there[-1] if there else None,
            )
        )
    rows, left_out = _thinned(_merged(held, is_time))
    return Lines(
        lines=drawn,
        x_ticks=day_ticks(x_scale) if is_time else ticks(x_scale, x_values),
        y_ticks=ticks(y_scale, y_values, upwards=True),
        diagonal=_diagonal(x_scale, y_scale) if diagonal else None,
        columns=[(x_name, ""), *((name, "number") for name, _ in held)],
        rows=rows,
        left_out=left_out,
    )


def scatter(
    points: Iterable[Sequence[Any]],
    *,
    diagonal: bool = False,
    largest: float = 9.0,
) -> Scatter:
    """Points (x, y) or (x, y, how many): a larger dot stands for more. `diagonal`: x equals y."""
    held = []
    for point in points:
        x, y = finite(point[0]), finite(point[1])
        weight = finite(point[2]) if len(point) > 2 else 1.0
        if x is not None and y is not None and weight is not None and weight > 0:
            held.append((x, y, weight))
    xs, ys = [x for x, _, _ in held], [y for _, y, _ in held]
    if diagonal:
        xs, ys = xs + ys, xs + ys
    x_scale, x_values = _axis(xs, None, False)
    y_scale, y_values = _axis(ys, None, False)
    most = max((weight for _, _, weight in held), default=1.0)
    weighted = any(weight != 1 for _, _, weight in held)

    def radius(weight: float) -> float:
        # The area, not the width, is what the eye takes for the amount.
        return rounded(max(2.0, largest * sqrt(weight / most))) if weighted else 3.5

    dots = [
        Dot(x_scale.at(x), y_scale.up(y), radius(weight), f"{compact(x)}, {compact(y)}")
        for x, y, weight in held
    ]
    rows, left_out = _thinned([[compact(x), compact(y), compact(n)] for x, y, n in sorted(held)])
    return Scatter(
        dots=dots,
        x_ticks=ticks(x_scale, x_values),
        y_ticks=ticks(y_scale, y_values, upwards=True),
        diagonal=_diagonal(x_scale, y_scale) if diagonal else None,
        rows=rows,
        left_out=left_out,
    )


def path(points: Iterable[Point | None]) -> str:
    """An SVG path through `points`; None lifts the pen."""
    words, down = [], False
    for point in points:
        if point is None:
            down = False
            continue
        words.append(f"{'L' if down else 'M'}{point[0]:g} {point[1]:g}")
        down = True
    return "".join(words)


def _area(points: list[Point]) -> str:
    if len(points) < 2:
        return ""
    return f"{path(points)}L{points[-1][0]:g} 100L{points[0][0]:g} 100Z"


def _axis(
    values: list[float], given: tuple[float, float] | None, is_time: bool
) -> tuple[Scale, list[float]]:
    if given is not None:
        _, marks = round_scale(Scale(*given))
        return Scale(*given), [mark for mark in marks if given[0] <= mark <= given[1]]
    if is_time:
        return scale_of(values), []
    return round_scale(scale_of(values))


def _diagonal(x: Scale, y: Scale) -> tuple[float, float, float, float] | None:
    low, high = max(x.low, y.low), min(x.high, y.high)
    if low >= high:
        return None
    return (x.at(low), y.up(low), x.at(high), y.up(high))


def _merged(
    held: list[tuple[str, list[tuple[Any, float | None, float | None]]]], is_time: bool
) -> list[list[str]]:
    """One row for each x, one column for each line."""
    labels: dict[float, str] = {}
    found: dict[float, list[str]] = {}
    for column, (_, points) in enumerate(held):
        for x, at, y in points:
            if at is None:
                continue
            labels.setdefault(at, _x_label(x, is_time))
            found.setdefault(at, ["–"] * len(held))[column] = compact(y)
    return [[labels[at], *found[at]] for at in sorted(found)]


def _x_label(x: Any, is_time: bool) -> str:
    return f"{x.day} {x:%b %Y}" if is_time and isinstance(x, date) else compact(finite(x))


def _thinned(rows: list[list[str]]) -> tuple[list[list[str]], int]:
    """At most TABLE_ROWS of `rows`, evenly chosen, the first and the last among them."""
    return evenly(rows, TABLE_ROWS), max(0, len(rows) - TABLE_ROWS)
