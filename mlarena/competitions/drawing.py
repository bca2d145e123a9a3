"""Words and figures that only this wing's templates need."""

from __future__ import annotations

from typing import Any

from flask import Flask

from mlarena.competitions.models import Competition
from mlarena.competitions.reports import report
from mlarena.core.templates import countdown, local_time


def moments(competition: Competition) -> list[dict[str, Any]]:
    """The competition's time as `timeline` of templates/ui/parts.html draws it."""
    phase = competition.phase()
    begun, over = phase != "upcoming", phase == "completed"
    opens: dict[str, Any] = {"title": "Opens", "state": "done" if begun else "now"}
    closes: dict[str, Any] = {"title": "Closes", "state": "done" if over else "ahead"}
    last: dict[str, Any] = {"title": "Private board", "state": "ahead"}
    if not begun:
        opens["note"] = countdown(competition.starts_at, before="in ")
    opens["when"] = local_time(competition.starts_at)
    closes["when"] = local_time(competition.ends_at)
    if not over:
        last["note"] = "revealed at the end"
    elif competition.revealed:
        last |= {"state": "done", "when": local_time(competition.finished_at)}
    else:
        last |= {"state": "now", "note": "is being worked out"}
    steps = [opens, closes, last]
    if phase == "ongoing":
        now = {"title": "Going on", "note": countdown(competition.ends_at, after=" left")}
        steps.insert(1, now | {"state": "now"})
    return steps if competition.hosted else steps[:-1]


def file_size(size: int) -> str:
    if size < 1 << 20:
        return f"{max(1, round(size / 1024)):,} kB"
    return f"{size / (1 << 20):,.1f} MB"


def init_app(app: Flask) -> None:
    app.jinja_env.filters.update(file_size=file_size)
    app.jinja_env.globals.update(competition_report=report, moments=moments)
