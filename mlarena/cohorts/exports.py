"""The gradebook to take along: CSV and JSON, written while they are sent, some learners at a time."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from flask import Response, stream_with_context

from mlarena.cohorts import assignments, people
from mlarena.cohorts.gradebook import Row, book, rounded
from mlarena.cohorts.models import Cohort
from mlarena.core.db import db
from mlarena.core.spreadsheets import lines

BATCH = 200


def as_csv(cohort: Cohort) -> Response:
    """A line a learner: who they are, a percent for each assignment, the total."""
    given = assignments.of(cohort.id)
    header = ["user_id", "username", "full_name", "email", *(one.title for one in given), "total"]

    def cells() -> Iterator[list[Any]]:
        for row in _rows(cohort):
            learner = row.learner
            yield [
                learner.user_id,
                learner.username,
                learner.full_name,
                learner.email,
                *("" if cell.percent is None else rounded(cell.percent) for cell in row.cells),
                "" if row.total.percent is None else rounded(row.total.percent),
            ]

    return _download(cohort, "csv", "text/csv", lines(header, cells()))


def as_json(cohort: Cohort) -> Response:
    """The same with how each grade was computed."""

    def pieces() -> Iterator[str]:
        yield '{"status": "success", "data": ['
        for number, row in enumerate(_rows(cohort)):
            yield ("," if number else "") + json.dumps(row.shown(), ensure_ascii=False)
        yield "]}"

    return _download(cohort, "json", "application/json", pieces())


def _rows(cohort: Cohort) -> Iterator[Row]:
    last = 0
    while some := people.after(cohort.id, last, BATCH):
        last = some[-1].user_id
        yield from book(cohort, some).rows
        db.session.expunge_all()  # what was sent is not kept


def _download(cohort: Cohort, ending: str, mimetype: str, pieces: Iterator[str]) -> Response:
    response = Response(stream_with_context(pieces), mimetype=mimetype)
    name = f"grades_cohort_{cohort.id}.{ending}"
    response.headers.set("Content-Disposition", "attachment", filename=name)
    return response
