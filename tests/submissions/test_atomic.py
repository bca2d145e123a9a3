"""What goes wrong at the last moment leaves nothing behind, and done again all is there once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest
import sqlalchemy as sa

from mlarena.challenges import service as challenges
from mlarena.core.db import db
from mlarena.notifications.models import Notification
from mlarena.rewards.models import ActivityDay, LearnerTotals, XpEntry
from mlarena.submissions import claim, notices, outbox
from mlarena.submissions.models import JobEvent, Progress, Submission, VerdictRow
from mlarena.submissions.settle import settle
from tests.submissions.test_events import quiz as quiz


class Stopped(Exception):
    """The database went away, the process was ended: whatever it was, it was then."""


@pytest.fixture
def stops_once_after(monkeypatch: pytest.MonkeyPatch) -> Callable[[Any, str], None]:
    """stops_once_after(outbox, "queued"): that does its work in full, and the first time it raises then."""

    def arrange(module: Any, name: str) -> None:
        real, times = getattr(module, name), Counter[str]()

        def once(*given: Any, **named: Any) -> Any:
            answer = real(*given, **named)
            db.session.flush()
            times[name] += 1
            if times[name] == 1:
                raise Stopped
            return answer

        monkeypatch.setattr(module, name, once)

    return arrange


def hand_in(user: Any, quiz: Any) -> int:
    number: int = challenges.submit(user, quiz.id, {"answers": {"1": "2"}}).id
    return number


def events() -> list[str]:
    return list(db.session.scalars(sa.select(JobEvent.type).order_by(JobEvent.id)))


def rows_of(*tables: Any) -> list[int]:
    """How many rows each has."""
    return [db.session.scalar(sa.select(sa.func.count()).select_from(one)) or 0 for one in tables]


@pytest.mark.parametrize(
    ("module", "last_step"), [(outbox, "_add"), (notices, "notify")], ids=["event", "notice"]
)
def test_a_verdict_its_event_and_its_notice_are_there_together_or_not_at_all(
    user: Any, quiz: Any, stops_once_after: Any, module: Any, last_step: str
) -> None:
    number = hand_in(user, quiz)
    token = claim.claim(number)
    assert token is not None
    submission = db.session.get_one(Submission, number)
    verdict = submission.task.grade(submission)
    stops_once_after(module, last_step)
    with pytest.raises(Stopped):
        settle(number, token, verdict)
    db.session.rollback()

    submission = db.session.get_one(Submission, number)
    assert (submission.status, submission.score, submission.claim_token) == ("running", None, token)
    assert rows_of(VerdictRow, Notification, XpEntry, ActivityDay) == [0, 0, 0, 0]
    assert events() == ["job-init"]
    assert db.session.scalar(sa.select(LearnerTotals.xp)) in (None, 0)
    progress = db.session.get_one(Progress, (user.id, quiz.id))
    assert (progress.status, progress.best_score) == ("submitted", None)

    assert settle(number, token, verdict)
    assert not settle(number, token, verdict)
    submission = db.session.get_one(Submission, number, populate_existing=True)
    assert (submission.status, submission.passed, submission.xp_awarded) == ("scored", True, 10)
    assert rows_of(VerdictRow, XpEntry, ActivityDay) == [1, 1, 1]
    told = sa.select(Notification.about).where(Notification.kind == "verdict")
    assert db.session.scalars(told).all() == [f"submission:{number}"]
    assert events() == ["job-init", "job-completed"]
    assert db.session.scalar(sa.select(LearnerTotals.xp)) == 10
    progress = db.session.get_one(Progress, (user.id, quiz.id), populate_existing=True)
    assert progress.status == "completed"


def test_a_submission_and_its_event_are_there_together_or_not_at_all(
    user: Any, quiz: Any, stops_once_after: Any
) -> None:
    stops_once_after(outbox, "queued")
    with pytest.raises(Stopped):
        hand_in(user, quiz)
    assert rows_of(Submission, JobEvent, Progress) == [0, 0, 0]

    # What went wrong neither counts as an attempt nor stands in the way of the same answers.
    number = hand_in(user, quiz)
    assert rows_of(Submission, JobEvent, Progress) == [1, 1, 1]
    assert db.session.get_one(Submission, number).attempt_no == 1
    assert events() == ["job-init"]
