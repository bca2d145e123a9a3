"""Killed, repeated, late, raced: every accepted submission ends in exactly one verdict, paid once."""

from __future__ import annotations

import threading
import time
from types import SimpleNamespace
from typing import Any

import pytest
import sqlalchemy as sa

from mlarena.core.db import db
from mlarena.rewards.models import LearnerTotals, XpEntry
from mlarena.submissions import claim, dispatch, evaluate, sweep
from mlarena.submissions.models import Submission, VerdictRow
from mlarena.submissions.settle import settle
from mlarena.submissions.verdict import Verdict

PASS = Verdict("scored", score=0.95, passed=True, execution_ms=1.0)


@pytest.fixture
def taken(user: Any, bearer: Any, quest: Any, good_model: Any, upload: Any) -> int:
    number: int = upload(bearer(user), quest, good_model()).json["data"]["id"]
    return number


def status(submission_id: int) -> str:
    db.session.expire_all()
    return db.session.get_one(Submission, submission_id).status


def verdicts() -> int:
    return db.session.scalar(sa.select(sa.func.count()).select_from(VerdictRow)) or 0


def test_only_one_of_two_claims_gets_it(app: Any, taken: int) -> None:
    assert claim.claim(taken) is not None
    assert claim.claim(taken) is None


def test_a_claim_whose_lease_ran_out_is_taken_over_and_the_late_verdict_is_dropped(
    app: Any, taken: int, settings: Any
) -> None:
    late = claim.claim(taken)
    assert late is not None
    time.sleep(settings.lease_seconds + 0.1)
    new = claim.claim(taken)
    assert new is not None
    # The late one comes while the new one still runs: only the token tells them apart.
    assert not settle(taken, late, Verdict("scored", score=0.1, passed=False))
    assert status(taken) == "running"
    assert not claim.renew(taken, late)
    assert settle(taken, new, PASS)
    assert not settle(taken, late, Verdict("scored", score=0.1, passed=False))
    assert db.session.get_one(Submission, taken).score == 0.95
    assert verdicts() == 1
    assert db.session.scalar(sa.select(sa.func.sum(XpEntry.amount))) == 100


def test_a_running_evaluation_keeps_its_lease(app: Any, taken: int, settings: Any) -> None:
    token = claim.claim(taken)
    assert token is not None
    with claim.renewing(taken, token):
        time.sleep(settings.lease_seconds * 1.5)
        assert claim.claim(taken) is None
    assert settle(taken, token, PASS)


def test_a_worker_killed_in_the_middle_is_made_good_by_the_sweep(
    app: Any, taken: int, work: Any, settings: Any
) -> None:
    app.extensions["redis"].flushdb()  # the job went with the worker
    assert claim.claim(taken) is not None  # ... which held this claim
    time.sleep(settings.lease_seconds + 0.1)
    assert sweep.sweep()["dispatched"] == 1
    work()
    assert status(taken) == "scored"
    assert verdicts() == 1


def test_a_wiped_queue_is_refilled_and_a_waiting_job_is_left_alone(
    app: Any, taken: int, work: Any
) -> None:
    old = db.session.get_one(Submission, taken)
    old.dispatched_at = old.dispatched_at.replace(year=2020)
    db.session.commit()
    assert sweep.sweep()["dispatched"] == 0  # its job is in the queue
    app.extensions["redis"].flushdb()
    assert sweep.sweep()["dispatched"] == 1
    work()
    assert status(taken) == "scored"


def test_a_fault_of_ours_is_tried_again_then_ends_in_words(
    app: Any, taken: int, monkeypatch: pytest.MonkeyPatch, settings: Any, user: Any
) -> None:
    from mlarena.quests.models import Quest

    def broken(self: Quest, submission: Submission) -> Verdict:
        raise RuntimeError("the platform's own fault")

    monkeypatch.setattr(Quest, "grade", broken)
    for _ in range(settings.evaluation_attempts):
        assert status(taken) in ("queued", "running")
        assert evaluate.evaluate(taken) == "released"
    assert evaluate.evaluate(taken) == "not ours"
    assert sweep.sweep()["gave_up"] == 1
    row = db.session.get_one(Submission, taken)
    assert row.status == "error"
    assert row.verdict is not None
    assert "not your model's fault" in row.verdict.error
    assert db.session.scalar(sa.select(sa.func.count()).select_from(XpEntry)) == 0


def test_the_same_job_run_twice_gives_one_verdict(app: Any, taken: int, work: Any) -> None:
    dispatch.enqueue(taken, 7)
    dispatch.enqueue(taken, 8)
    work()
    assert status(taken) == "scored"
    assert verdicts() == 1


def test_redis_away_at_intake_loses_nothing(
    app: Any,
    user: Any,
    bearer: Any,
    quest: Any,
    good_model: Any,
    upload: Any,
    work: Any,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    import redis

    headers = bearer(user)
    here = app.extensions["redis"]
    app.extensions["redis"] = redis.Redis(host="127.0.0.1", port=1, socket_connect_timeout=0.2)
    try:
        answer = upload(headers, quest, good_model())
    finally:
        app.extensions["redis"] = here
    assert answer.status_code == 202
    row = db.session.get_one(Submission, answer.json["data"]["id"])
    row.dispatched_at = row.dispatched_at.replace(year=2020)
    db.session.commit()
    assert sweep.sweep()["dispatched"] == 1
    work()
    assert status(row.id) == "scored"


def test_the_same_file_twice_at_once_is_one_evaluation(
    app: Any, user: Any, bearer: Any, quest: Any, good_model: Any, upload: Any, work: Any
) -> None:
    headers, content, here = bearer(user), good_model(), SimpleNamespace(id=quest.id)
    answers: list[Any] = []
    together = threading.Barrier(2)

    def send() -> None:
        together.wait()
        answers.append(upload(headers, here, content))

    senders = [threading.Thread(target=send) for _ in range(2)]
    for sender in senders:
        sender.start()
    for sender in senders:
        sender.join()
    assert sorted(answer.status_code for answer in answers) == [202, 409]
    [refused] = [answer for answer in answers if answer.status_code == 409]
    assert "being evaluated" in refused.json["message"]
    work()
    rows = db.session.scalars(sa.select(Submission)).all()
    assert [(row.attempt_no, row.status) for row in rows] == [(1, "scored")]


def test_two_passes_of_one_learner_at_the_same_moment_pay_once(
    app: Any, user: Any, bearer: Any, quest: Any, good_model: Any, upload: Any
) -> None:
    from sklearn.linear_model import LogisticRegression

    headers = bearer(user)
    first = upload(headers, quest, good_model()).json["data"]["id"]
    second = upload(headers, quest, good_model(estimator=LogisticRegression(max_iter=1000))).json[
        "data"
    ]["id"]
    tokens = {number: claim.claim(number) for number in (first, second)}
    together = threading.Barrier(2)

    def finish(number: int) -> None:
        with app.app_context():
            together.wait()
            assert settle(number, tokens[number] or "", PASS)

    finishers = [threading.Thread(target=finish, args=(number,)) for number in tokens]
    for finisher in finishers:
        finisher.start()
    for finisher in finishers:
        finisher.join()
    db.session.expire_all()
    assert verdicts() == 2
    assert db.session.scalar(sa.select(sa.func.sum(XpEntry.amount))) == 100
    assert db.session.get_one(LearnerTotals, user.id).xp == 100
    paid = db.session.scalars(sa.select(Submission.xp_awarded)).all()
    assert sorted(paid) == [0, 100]
