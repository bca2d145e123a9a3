"""How learners fare: counted by hand, and by the page."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select

from mlarena.admin.statistics import classes, figures
from mlarena.challenges import authoring
from mlarena.challenges.models import Case
from mlarena.cohorts import assignments
from mlarena.cohorts import service as cohorts
from mlarena.core.db import db
from mlarena.submissions.models import FirstView, Progress, Submission, VerdictRow

SUMMER, WINTER = datetime(2026, 7, 1, 22, 30, tzinfo=UTC), datetime(2026, 12, 1, 22, 30, tzinfo=UTC)


@pytest.fixture
def teacher(make_user: Callable[..., Any]) -> Any:
    return make_user("grace", role="instructor")


@pytest.fixture
def quiz(teacher: Any) -> Any:
    questions = [{"kind": "number", "prompt": f"{n} + {n}?", "answer": 2 * n} for n in (1, 2)]
    return authoring.create(teacher, "knowledge", {"name": "Sums", "questions": questions}, True)


@pytest.fixture
def attempt(app: Any) -> Callable[..., Any]:
    """attempt(user, quiz, [True, False], at=…) -> a judged submission: which questions were right."""

    def make(user: Any, quiz: Any, right: list[bool], at: datetime = SUMMER) -> Any:
        own = db.session.get(Progress, (user.id, quiz.id))
        if own is None:
            own = Progress(user_id=user.id, task_id=quiz.id, status="submitted", attempts=0)
            db.session.add(own)
        own.attempts += 1
        score = 100 * sum(right) / len(right)
        own.best_score = max(score, own.best_score or 0)
        if all(right):
            own.status, own.passed_on = "completed", own.passed_on or own.attempts
        made = Submission(
            user_id=user.id, task_id=quiz.id, attempt_no=own.attempts, status="scored", score=score,
            passed=all(right), queued_at=at, finished_at=at, task_version=quiz.version,
        )  # fmt: skip
        db.session.add(made)
        db.session.flush()
        cases = db.session.scalars(select(Case.id).order_by(Case.position)).all()
        told = [{"test_case_id": one, "passed": ok} for one, ok in zip(cases, right, strict=True)]
        db.session.add(VerdictRow(submission_id=made.id, status="scored", cases=told, report={}))
        db.session.commit()
        return made

    return make


def test_a_tasks_figures_are_those_counted_by_hand(
    quiz: Any, teacher: Any, make_user: Any, attempt: Any, signed_in: Any, send_form: Any
) -> None:
    ada, bob, cy, dan = (make_user(name) for name in ("ada", "bob", "cy", "dan"))
    for person in (dan, teacher):
        browser = signed_in(person)
        for _ in range(2):
            assert browser.get(f"/challenges/{quiz.id}").status_code == 200
    assert db.session.scalars(select(FirstView.user_id)).all() == [dan.id]
    attempt(ada, quiz, [True, False], SUMMER)
    attempt(ada, quiz, [True, True], WINTER)
    attempt(bob, quiz, [True, True], WINTER)
    attempt(cy, quiz, [False, False], WINTER + timedelta(hours=1))
    found = figures.of_task(quiz, None, "Europe/Berlin")
    assert found.funnel == figures.Funnel(viewed=4, started=3, submitted=3, passed=2)
    assert dict(found.attempts)["1"] == 1
    assert dict(found.attempts)["2"] == 1
    assert sum(found.counts) == 3
    assert (found.edges[0], found.edges[-1], found.counts[-1]) == (0, 100, 2)
    # half past ten in the evening, UTC, is half past midnight in summer and half past eleven in winter
    assert {hour: count for hour, count in enumerate(found.hours) if count} == {0: 2, 23: 2}
    assert [(one.name, one.passed, one.of) for one in found.hard] == [
        ("Question 2: 2 + 2?", 2, 4),
        ("Question 1: 1 + 1?", 3, 4),
    ]
    page = signed_in(teacher).get(f"/teach/tasks/{quiz.id}/statistics").text
    assert "How far learners came" in page
    assert "Question 2" in page
    assert signed_in(ada).get(f"/teach/tasks/{quiz.id}/statistics").status_code == 403


def test_a_cohorts_figures_are_of_its_learners_alone(
    quiz: Any, teacher: Any, make_user: Any, attempt: Any, signed_in: Any, queries: list[str]
) -> None:
    cohort = cohorts.create(teacher, {"title": "A class", "timezone": "Asia/Kathmandu"})
    ada, bob, cy = (make_user(name) for name in ("ada", "bob", "cy"))
    for learner in (ada, bob):
        cohorts.join(learner, cohort.join_code)
    assignments.create(teacher, cohort, {"title": "Week 1"}, {quiz.id: 1.0})
    attempt(ada, quiz, [True, True], datetime(2026, 7, 1, 12, 20, tzinfo=UTC))
    attempt(cy, quiz, [True, True])
    found = classes.of_cohort(cohort)
    assert found.learners == 2
    (row,) = found.tasks
    assert row.funnel == figures.Funnel(1, 1, 1, 1)
    assert found.hours[18] == 1  # 12:20 UTC is 18:05 in Kathmandu
    assert dict(found.passed) == {
        "none": 1, "up to 20 %": 0, "up to 40 %": 0, "up to 60 %": 0, "up to 80 %": 0, "up to all": 1,
    }  # fmt: skip
    narrowed = figures.of_task(quiz, cohort.id, cohort.timezone)
    assert narrowed.funnel.passed == 1
    desk = signed_in(teacher)
    for path in (
        f"/teach/cohorts/{cohort.id}/statistics",
        f"/teach/tasks/{quiz.id}/statistics?cohort={cohort.id}",
    ):
        assert desk.get(path).status_code == 200
        queries.clear()
        desk.get(path)
        few = len(queries)
        attempt(bob, quiz, [False, True])
        queries.clear()
        desk.get(path)
        assert len(queries) == few
    other = signed_in(make_user("henry", role="instructor"))
    assert other.get(f"/teach/tasks/{quiz.id}/statistics?cohort={cohort.id}").status_code == 404
    assert (
        "Nobody has opened it yet" in other.get(f"/teach/tasks/{new(teacher).id}/statistics").text
    )


def new(teacher: Any) -> Any:
    question = {"kind": "number", "prompt": "1?", "answer": 1}
    return authoring.create(teacher, "knowledge", {"name": "New", "questions": [question]}, True)


def test_taking_the_data_is_a_beginning(quest: Any, user: Any, signed_in: Any, client: Any) -> None:
    learner = signed_in(user)
    assert learner.get(f"/quests/{quest.id}").status_code == 200
    assert figures.of_task(quest, None, "UTC").funnel == figures.Funnel(1, 0, 0, 0)
    assert learner.get(f"/quests/{quest.id}/data/train.csv").status_code == 200
    assert figures.of_task(quest, None, "UTC").funnel == figures.Funnel(1, 1, 0, 0)
    assert client.get(f"/quests/{quest.id}").status_code == 200
