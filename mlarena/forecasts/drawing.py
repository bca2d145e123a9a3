"""Words and positions that only this wing's templates need."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from itertools import groupby
from typing import Any
from zoneinfo import ZoneInfo

from flask import Flask
from flask_login import current_user

from mlarena.core.charts.scales import Scale, Tick, rounded
from mlarena.forecasts.models import Match


@dataclass(frozen=True)
class Interval:
    """Percentages of a drawing's width."""

    x: float
    width: float
    at: float
    zero: float


@dataclass(frozen=True)
class Bin:
    """A bin of a calibration plot, in percentages of its box."""

    x: float
    y: float
    low: float
    high: float
    radius: float


@dataclass(frozen=True)
class Calibration:
    bins: list[Bin]
    x_ticks: list[Tick]
    y_ticks: list[Tick]
    rows: list[list[str]]


def by_day(matches: Iterable[Match]) -> list[tuple[date, list[Match]]]:
    """Matches by the reader's own day of their kick-off."""
    zone = ZoneInfo(current_user.timezone if current_user.is_authenticated else "UTC")
    grouped = groupby(matches, lambda one: one.kickoff.astimezone(zone).date())
    return [(day, list(group)) for day, group in grouped]


def clock_time(at: datetime) -> str:
    """The hour of a time, in the reader's zone."""
    zone = ZoneInfo(current_user.timezone if current_user.is_authenticated else "UTC")
    return at.astimezone(zone).strftime("%H:%M")


def day_name(day: date) -> str:
    return f"{day:%A}, {day.day} {day:%B}"


def intervals(rows: Sequence[Any]) -> list[Interval]:
    """Where the intervals of a board's rows (low, score, high) stand, all on one scale around 0."""
    reach = max((abs(end) for row in rows for end in (row.low, row.high)), default=0.0) or 1.0
    scale = Scale(-reach, reach)
    return [
        Interval(
            scale.at(row.low),
            rounded(scale.at(row.high) - scale.at(row.low)),
            scale.at(row.score),
            scale.at(0.0),
        )
        for row in rows
    ]


def calibration(bins: Sequence[dict[str, Any]]) -> Calibration:
    """What was said against what happened, from the rows of scoring/outcomes.calibration."""
    scale = Scale(0.0, 1.0)
    most = max((one["n"] for one in bins), default=1)
    marks = [0.0, 0.2, 0.4, 0.6, 0.8, 1.0]
    x_ticks = [Tick(scale.at(mark), f"{mark:.0%}") for mark in marks]
    y_ticks = [Tick(scale.up(mark), f"{mark:.0%}") for mark in marks]
    return Calibration(
        bins=[
            Bin(
                scale.at(one["said"]),
                scale.up(one["happened"]),
                scale.up(one["low"]),
                scale.up(one["high"]),
                # The area stands for the amount.
                rounded(2.5 + 5 * (one["n"] / most) ** 0.5),
            )
            for one in bins
        ],
        x_ticks=x_ticks,
        y_ticks=y_ticks,
        rows=[
            [
                f"{one['said']:.1%}",
                f"{one['happened']:.1%}",
                f"{one['low']:.1%} to {one['high']:.1%}",
                f"{one['n']:,}",
            ]
            for one in bins
        ],
    )


def share(value: float) -> str:
    """A probability as people say it."""
    return f"{100 * value:.0f} %"


def points(value: float | None) -> str:
    """A score against the house: its sign matters as much as its size."""
    return "–" if value is None else f"{round(value, 2) + 0.0:+,.2f}"


def init_app(app: Flask) -> None:
    app.jinja_env.filters.update(
        share=share, points=points, clock_time=clock_time, day_name=day_name
    )
    app.jinja_env.globals.update(
        by_day=by_day, board_intervals=intervals, calibration_drawn=calibration
    )
