"""A cohort to play with: an instructor who leads it, learners who are in it, work with known scores."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from mlarena.core import clock
from mlarena.core.db import db

NOW = datetime(2026, 11, 18, 12, tzinfo=UTC)
DUE = NOW - timedelta(days=2)


@pytest.fixture(autouse=True)
def in_term(app: Any) -> Any:
    with clock.freeze(NOW):
        yield


@pytest.fixture
def teacher(make_user: Callable[..., Any]) -> Any:
    return make_user("grace", role="instructor")


@pytest.fixture
def cohort(teacher: Any) -> Any:
    from mlarena.cohorts import service

    return service.create(teacher, {"title": "ML, autumn", "timezone": "Europe/Berlin"})


@pytest.fixture
def learner(make_user: Callable[..., Any], cohort: Any) -> Callable[..., Any]:
    """learner("ada") -> somebody who is in the cohort."""
    from mlarena.cohorts import service

    def make(name: str = "ada", **more: Any) -> Any:
        user = make_user(name)
        service.join(user, cohort.join_code, **more)
        return user

    return make


@pytest.fixture
def quiz(teacher: Any) -> Any:
    """A published quiz, whose score is partial credit."""
    from mlarena.challenges import authoring

    question = {"kind": "number", "prompt": "1 + 1?", "answer": 2}
    return authoring.create(
        teacher, "knowledge", {"name": "One question", "questions": [question]}, publish=True
    )


@pytest.fixture
def handed_in(app: Any) -> Callable[..., Any]:
    """handed_in(user, task, score, at, passed=…) -> a judged submission, as settle leaves it."""
    from mlarena.submissions.models import Progress, Submission, VerdictRow

    def make(
        user: Any, task: Any, score: float | None, at: datetime, passed: bool | None = None,
        status: str = "scored",
    ) -> Any:  # fmt: skip
        own = db.session.get(Progress, (user.id, task.id))
        if own is None:
            own = Progress(user_id=user.id, task_id=task.id, status="submitted", attempts=0)
            db.session.add(own)
        own.attempts += 1
        passed = score is not None and score >= 100 if passed is None else passed
        if passed:
            own.status = "completed"
        if score is not None and (own.best_score is None or score > own.best_score):
            own.best_score = score
        made = Submission(
            user_id=user.id, task_id=task.id, attempt_no=own.attempts, status=status, score=score,
            passed=passed, queued_at=at, finished_at=at,
        )  # fmt: skip
        db.session.add(made)
        db.session.flush()
        db.session.add(VerdictRow(submission_id=made.id, status=status, cases=[], report={}))
        db.session.commit()
        return made

    return make


@pytest.fixture
def assign(cohort: Any, teacher: Any) -> Callable[..., Any]:
    """assign([quiz], title=…, due_at=…) -> the assignment; its tasks each one point."""
    from mlarena.cohorts import assignments

    def make(tasks: list[Any], **fields: Any) -> Any:
        given = {"title": "Week 1", "due_at": DUE, **fields}
        return assignments.create(teacher, cohort, given, {task.id: 1.0 for task in tasks})

    return make
