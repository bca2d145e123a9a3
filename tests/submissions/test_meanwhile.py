"""What others do just while a verdict is settled, or events are drained, is neither lost nor overlooked."""

from __future__ import annotations

import threading
from typing import Any

import pytest
from sqlalchemy import select, update

from mlarena.challenges import service as challenges
from mlarena.core.db import db
from mlarena.rewards.models import LearnerTotals
from mlarena.submissions import claim, outbox
from mlarena.submissions import settle as settling
from mlarena.submissions.models import JobEvent, Submission, Task
from mlarena.submissions.verdict import Verdict
from tests.submissions.test_events import attempt
from tests.submissions.test_events import quiz as quiz


def test_a_task_that_became_another_while_its_verdict_waited_counts_as_it_is(
    app: Any, user: Any, quiz: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On SQLite a verdict waits for the very write that changes its task."""
    number = challenges.submit(user, quiz.id, {"answers": {"1": "2"}}).id
    token, read = claim.claim(number), settling._read
    assert token is not None

    def meanwhile(submission_id: int) -> Submission | None:
        submission = read(submission_id)
        assert submission is not None and submission.task.xp_reward == 10
        with app.app_context():
            db.session.execute(update(Task).where(Task.id == quiz.id).values(xp_reward=70))
            db.session.commit()
            db.session.remove()
        return submission

    monkeypatch.setattr(settling, "_read", meanwhile)
    assert settling.settle(number, token, Verdict("scored", score=100.0, passed=True))
    assert db.session.scalar(select(LearnerTotals.xp).where(LearnerTotals.user_id == user.id)) == 70


def test_an_event_that_is_written_while_another_drains_is_not_left_behind(
    app: Any, user: Any, quiz: Any
) -> None:
    """Its word brings one who has to wait for their turn; nobody else will look for it."""
    begun = threading.Event()

    def drain() -> None:
        with app.app_context():
            begun.set()
            outbox.drain()
            db.session.remove()

    drains = threading.Thread(target=drain)
    with outbox._turn() as ours:  # somebody who has just looked for the last time
        assert ours
        attempt(user, quiz)
        drains.start()
        assert begun.wait(60)
        drains.join(0.2)
        assert drains.is_alive()
    drains.join(60)
    assert None not in set(db.session.scalars(select(JobEvent.position)))
