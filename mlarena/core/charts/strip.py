"""The score strip: one score where it stands, with the threshold, the own best and the field."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from statistics import median
from typing import Any

from mlarena.core.charts.scales import Scale, finite, rounded, scale_of

BINS = 24


@dataclass(frozen=True)
class FieldBin:
    x: float
    width: float
    y: float
    height: float
    count: int


@dataclass(frozen=True)
class ScoreStrip:
    """Positions in per cent; further right is always better, whatever the metric's direction."""

    value: float | None
    threshold: float | None
    best: float | None
    median: float | None
    median_score: float | None
    field: list[FieldBin]
    others: int
    better_than: int | None  # per cent of the field that `value` beats
    houses: list[tuple[float, str, float]]  # where, whose, the score
    low: float
    high: float


def score_strip(
    value: Any,
    threshold: Any = None,
    best: Any = None,
    field: Iterable[Any] = (),
    direction: str = "higher",
    counted: Mapping[str, Any] | None = None,
) -> ScoreStrip:
    """`field` is everybody's best scores. Outliers do not squeeze the rest: the scale follows the
    middle nine tenths of the field, and who is beyond it stands at the edge.

    A large field comes `counted` instead: `edges` and `counts` of its bars, `others` and `better_than`
    (a share), and the `houses` that stand beside it, each a `label` and a `score`.
    """
    if counted is not None:
        return _of_bars(value, threshold, best, direction, counted)
    scores = sorted(score for one in field if (score := finite(one)) is not None)
    mine, aim, own = finite(value), finite(threshold), finite(best)
    marks = [mark for mark in (mine, aim, own) if mark is not None]
    scale = scale_of([*_middle(scores), *marks], pad=0.06)
    lower = direction == "lower"

    def at(score: float | None) -> float | None:
        if score is None:
            return None
        return scale.up(score) if lower else scale.at(score)

    middle = median(scores) if scores else None
    beaten = None
    if mine is not None and scores:
        worse = sum(1 for score in scores if (score > mine if lower else score < mine))
        beaten = round(100 * worse / len(scores))
    return ScoreStrip(
        value=at(mine),
        threshold=at(aim),
        best=at(own),
        median=at(middle),
        median_score=middle,
        field=_bins(scores, scale, lower),
        others=len(scores),
        better_than=beaten,
        houses=[],
        low=scale.high if lower else scale.low,
        high=scale.low if lower else scale.high,
    )


def _of_bars(
    value: Any, threshold: Any, best: Any, direction: str, counted: Mapping[str, Any]
) -> ScoreStrip:
    """The same from a histogram that somebody else has counted."""
    mine, aim, own = finite(value), finite(threshold), finite(best)
    edges, counts = counted["edges"], counted["counts"]
    held = [edge for n in range(len(counts)) if counts[n] for edge in edges[n : n + 2]]
    marks = [mark for mark in (mine, aim, own) if mark is not None]
    # A guess of the house may be far below everybody: then it stands at the edge.
    scale = scale_of([*held, *marks], pad=0.06)
    wide = scale_of([*held, *marks], pad=0.5)
    near = [h["score"] for h in counted["houses"] if wide.low <= h["score"] <= wide.high]
    scale = scale_of([scale.low, scale.high, *near])
    lower = direction == "lower"

    def at(score: float) -> float:
        return scale.up(score) if lower else scale.at(score)

    tallest, bins = max(counts, default=0), []
    for number, count in enumerate(counts):
        if count:
            ends = sorted((at(edges[number]), at(edges[number + 1])))
            height = rounded(100 * count / tallest)
            bins.append(FieldBin(ends[0], rounded(ends[1] - ends[0]), 100 - height, height, count))
    beaten = counted["better_than"]
    return ScoreStrip(
        value=None if mine is None else at(mine),
        threshold=None if aim is None else at(aim),
        best=None if own is None else at(own),
        median=None,
        median_score=None,
        field=bins,
        others=counted["others"],
        better_than=None if beaten is None else round(100 * beaten),
        houses=[(at(h["score"]), h["label"], h["score"]) for h in counted["houses"]],
        low=scale.high if lower else scale.low,
        high=scale.low if lower else scale.high,
    )


def _middle(scores: list[float]) -> list[float]:
    """Without the outermost twentieth on each side, where there are enough to leave some out."""
    cut = len(scores) // 20
    return scores[cut : len(scores) - cut]


def _bins(scores: list[float], scale: Scale, lower: bool) -> list[FieldBin]:
    if not scores:
        return []
    counts = [0] * BINS
    for score in scores:
        place = (scale.up(score) if lower else scale.at(score)) / 100
        counts[min(int(place * BINS), BINS - 1)] += 1
    tallest, width = max(counts), 100 / BINS
    found = []
    for number, count in enumerate(counts):
        if count:
            height = rounded(100 * count / tallest)
            found.append(
                FieldBin(rounded(number * width), rounded(width), 100 - height, height, count)
            )
    return found
