"""Amounts: bars with names, a histogram, a whole in its parts."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from mlarena.core.charts.scales import (
    LARGEST,
    TONES,
    Scale,
    Tick,
    compact,
    finite,
    round_scale,
    rounded,
    scale_of,
    ticks,
)


@dataclass(frozen=True)
class Bar:
    label: str
    value: float | None
    text: str
    x: float
    width: float
    note: str
    strong: bool


@dataclass(frozen=True)
class Bars:
    bars: list[Bar]
    zero: float
    mark: float | None
    mark_text: str


@dataclass(frozen=True)
class Bin:
    low: str
    high: str
    count: float
    x: float
    width: float
    y: float
    height: float


@dataclass(frozen=True)
class Mark:
    """A line across the histogram. `kind` is how it is drawn: "threshold", "me", "best", "plain"."""

    at: float
    label: str
    text: str
    kind: str


@dataclass(frozen=True)
class Histogram:
    bins: list[Bin]
    marks: list[Mark]
    x_ticks: list[Tick]
    total: float

    @property
    def table(self) -> list[tuple[str, str]]:
        return [(f"{each.low} to {each.high}", compact(each.count)) for each in self.bins]


@dataclass(frozen=True)
class Part:
    label: str
    value: float
    percent: float
    x: float
    width: float
    tone: int


def bars(
    items: Iterable[Sequence[Any] | Mapping[str, Any]],
    *,
    mark: float | None = None,
    most: float | None = None,
) -> Bars:
    """Horizontal bars from (label, value) or {"label", "value", "text", "note", "strong"}.

    All start at zero. `mark` is a line across them, such as the overall figure; `most` the value at
    the right edge where it is known (1.0 for shares).
    """
    held = [_item(item) for item in items]
    values = [value for _, value, _, _, _ in held if value is not None]
    line = finite(mark)
    ends = [*values, *([line] if line is not None else []), *([most] if most is not None else [])]
    scale = scale_of(ends, zero=True)
    flat = scale.low == scale.high
    zero = 0.0 if flat else scale.at(0.0)
    drawn = []
    for label, value, text, note, strong in held:
        end = zero if value is None or flat else scale.at(value)
        drawn.append(
            Bar(label, value, text, min(zero, end), rounded(abs(end - zero)), note, strong)
        )
    return Bars(
        bars=drawn,
        zero=zero,
        mark=None if line is None else scale.at(line),
        mark_text=compact(line),
    )


def _item(
    item: Sequence[Any] | Mapping[str, Any],
) -> tuple[str, float | None, str, str, bool]:
    if not isinstance(item, Mapping):
        item = {"label": item[0], "value": item[1]}
    value = finite(item["value"])
    text = str(item.get("text") or compact(value))
    return str(item["label"]), value, text, str(item.get("note") or ""), bool(item.get("strong"))


def histogram(
    edges: Iterable[Any],
    counts: Iterable[Any],
    marks: Iterable[tuple[str, Any, str]] = (),
) -> Histogram:
    """`counts[i]` lie between `edges[i]` and `edges[i + 1]`; marks are (label, value, kind).

    Bins of different width are drawn by density, so that the area is the count.
    """
    cuts = [value for edge in edges if (value := finite(edge)) is not None]
    held = [finite(count) or 0.0 for count in counts]
    lines = [(label, at, kind) for label, value, kind in marks if (at := finite(value)) is not None]
    pairs = list(zip(cuts, cuts[1:], held, strict=False))
    wide = [high - low for low, high, _ in pairs]
    density = [
        min(count / width, LARGEST) if width > 0 else count
        for (_, _, count), width in zip(pairs, wide, strict=True)
    ]
    tallest = max(density, default=0.0)
    _, values = round_scale(scale_of([*cuts, *(at for _, at, _ in lines)]))
    scale = scale_of([*cuts, *(at for _, at, _ in lines)])
    bins = []
    for (low, high, count), dense in zip(pairs, density, strict=True):
        left, right = scale.at(low), scale.at(high)
        if scale.low == scale.high:  # everything is one value: one bar in the middle
            left, right = 42.0, 58.0
        height = rounded(dense / tallest * 100) if tallest > 0 else 0.0
        bins.append(
            Bin(
                compact(low),
                compact(high),
                count,
                left,
                rounded(right - left),
                100 - height,
                height,
            )
        )
    return Histogram(
        bins=bins,
        marks=[Mark(scale.at(at), label, compact(at), kind) for label, at, kind in lines],
        x_ticks=ticks(scale, [value for value in values if scale.low <= value <= scale.high]),
        total=sum(held),
    )


def stacked(parts: Iterable[tuple[str, Any]]) -> list[Part]:
    """A whole in its parts, in their order; negative and missing parts are nothing."""
    held = [(label, max(finite(value) or 0.0, 0.0)) for label, value in parts]
    largest = max((value for _, value in held), default=0.0)
    if largest == 0:
        return [Part(label, 0.0, 0.0, 0.0, 0.0, n % TONES + 1) for n, (label, _) in enumerate(held)]
    shares = [value / largest for _, value in held]  # first by the largest: the sum may be no float
    whole = sum(shares)
    scale, so_far, found = Scale(0.0, 1.0), 0.0, []
    for number, ((label, value), share) in enumerate(zip(held, shares, strict=True)):
        left, right = scale.at(so_far), scale.at(so_far + share / whole)
        percent = rounded(share / whole * 100)
        found.append(Part(label, value, percent, left, rounded(right - left), number % TONES + 1))
        so_far += share / whole
    return found
