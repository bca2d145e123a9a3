"""What the wing's templates need: rows drawn once, and values in the words of their kind."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from flask import Flask
from flask_login import current_user
from markupsafe import Markup

from mlarena.challenges import judging, offer
from mlarena.challenges.catalogue import Entry, Filter
from mlarena.challenges.models import Category, Challenge, ChallengeVersion
from mlarena.challenges.next_up import NextUp
from mlarena.challenges.offer import not_now
from mlarena.challenges.views import Row
from mlarena.core.drawn import drawn
from mlarena.submissions.models import Submission


def challenge_rows(rows: Iterable[Row]) -> Markup:
    """Rows of the list, which are on many readers' pages."""
    gone = offer.absent()
    shown = tuple(
        (row.entry, row.state, row.entry.engine in gone, row.entry.is_over) for row in rows
    )
    return drawn("challenges/rows.html", rows=shown)


def challenge_row(entry: Entry, standing: str, absent: bool, over: bool) -> Markup:
    return drawn("challenges/row.html", entry=entry, standing=standing, absent=absent, over=over)


def challenge_filters(
    wanted: Filter, counts: dict[str, dict[str, int]], categories: Iterable[Category]
) -> Markup:
    """What the list can be narrowed by, and how many each choice would leave."""
    return drawn(
        "challenges/filters.html",
        wanted=wanted,
        counts=tuple((name, tuple(found.items())) for name, found in counts.items()),
        categories=tuple((category.slug, category.name) for category in categories),
        own=current_user.is_authenticated,
        asked=wanted != Filter(),
    )


def challenge_step(step: NextUp | None) -> Markup:
    """What to do next, and why."""
    if step is None:
        return Markup("")
    return drawn("challenges/step.html", step=step, again=current_user.is_authenticated)


def python(value: Any) -> str:
    """A JSON value as Python writes it, for who writes Python."""
    return repr(value)


def diff_rows(difference: dict[str, Any]) -> list[dict[str, Any]]:
    """The judge's lines as the table of differences takes them."""
    return [_diff_row(line) for line in difference["rows"]]


def _diff_row(line: dict[str, Any]) -> dict[str, Any]:
    if line["kind"] in ("missing", "extra"):
        return {"mark": line["kind"], "cells": line["expected"] or line["actual"]}
    pairs = zip(line["actual"], line["expected"], strict=True)
    cells = [
        {"value": actual, "expected": expected} if actual != expected else actual
        for actual, expected in pairs
    ]
    return {"mark": "changed", "cells": cells}


def columns_by_table(tables: list[dict[str, Any]]) -> dict[str, list[str]]:
    """What the editor offers while somebody writes a query."""
    return {table["name"]: [column["name"] for column in table["columns"]] for table in tables}


def dots_of(cases: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Judged cases as the row of dots takes them."""
    return [
        {
            "state": "pass" if case["passed"] else "fail",
            "name": f"{'Question' if 'question_id' in case else 'Case'} {number}",
        }
        for number, case in enumerate(cases, 1)
    ]


def waiting_cases(submission: Submission) -> list[dict[str, Any]]:
    """A dot for every case: what has been judged of it so far, or that it waits."""
    states = {True: "pass", False: "fail", None: "waiting"}
    judged = judging.so_far(submission) if submission.status == "running" else {}
    return [
        {"state": states[judged.get(row.position)], "name": f"No. {row.position}"}
        for row in _version(submission).cases
    ]


def questions_of(submission: Submission) -> list[dict[str, Any]]:
    """The questions that the attempt has answered, as they were then."""
    return [row.content for row in _version(submission).cases]


def _version(submission: Submission) -> ChallengeVersion:
    task = submission.task
    assert isinstance(task, Challenge)  # noqa: S101 – for the type checker
    return task.version_row(submission.task_version)


def init_app(app: Flask) -> None:
    for function in (
        *(challenge_rows, challenge_row, challenge_filters, challenge_step),
        *(not_now, waiting_cases, questions_of),
    ):
        app.add_template_global(function)
    for word in (python, diff_rows, columns_by_table, dots_of):
        app.add_template_filter(word)
