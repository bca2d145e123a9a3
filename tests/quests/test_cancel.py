"""A learner ends a training: the jailed run stops, and there is one verdict, like for any other."""

from __future__ import annotations

import re
import threading
import time
from typing import Any

import pytest
import sqlalchemy as sa

from mlarena.core.db import db
from mlarena.core.processes import children_of
from mlarena.submissions import claim
from mlarena.submissions.models import JobEvent, Progress, Submission, VerdictRow
from mlarena.submissions.settle import settle
from mlarena.submissions.verdict import Verdict
from tests.quests.conftest import state

ENDLESS = "def train(X, y):\n    print('round 1')\n    while True: pass\n"
# A training would go on for a minute. How soon it ends on an idle machine: benchmarks.training.
SOON = 60
CANCELLED = "You cancelled this training."


@pytest.fixture
def cancel(client: Any, headers: Any) -> Any:
    def send(submission_id: int) -> Any:
        return client.post(f"/api/v1/submissions/{submission_id}/cancel", headers=headers)

    return send


@pytest.fixture
def endless(hand_in: Any, trainer: Any, becomes: Any, client: Any, headers: Any) -> int:
    """The number of a submission whose training has begun to print, and would never end."""
    number: int = hand_in(ENDLESS).json["data"]["id"]
    trainer()
    until = time.monotonic() + 60
    while True:
        answer = client.get(f"/api/v1/submissions/{number}/output", headers=headers)
        if answer.json["data"]["text"]:
            return number
        assert time.monotonic() < until
        time.sleep(0.02)


def verdicts() -> list[tuple[str, str | None]]:
    db.session.rollback()
    rows = db.session.scalars(sa.select(VerdictRow).execution_options(populate_existing=True))
    return [(row.status, row.error) for row in rows]


def busy(jail: Any) -> list[int]:
    """Children of the jail that have used more processor time than one that waits ever does."""
    zygote = jail._supervisors["model"].pid
    return [pid for pid in children_of(zygote) if time.clock_gettime((~pid << 3) | 2) > 0.3]


def wait_until_busy(jail: Any) -> None:
    until = time.monotonic() + 60
    while not busy(jail):
        assert time.monotonic() < until
        time.sleep(0.02)


def test_a_running_training_ends_at_once(
    endless: int, cancel: Any, jail: Any, user: Any, quest: Any
) -> None:
    wait_until_busy(jail)
    started = time.monotonic()
    answer = cancel(endless)
    assert answer.status_code == 200, answer.text
    shown = answer.json["data"]
    assert (shown["status"], shown["error"], shown["passed"]) == ("failed", CANCELLED, False)
    while busy(jail):
        assert time.monotonic() - started < SOON
        time.sleep(0.01)
    assert shown["report"]["training"]["output"] == "round 1\n"
    assert shown["report"]["problem"]["category"] == "cancelled"
    assert shown["execution_ms"] > 0
    assert verdicts() == [("failed", CANCELLED)]
    assert db.session.scalars(sa.select(JobEvent.type).order_by(JobEvent.id)).all() == [
        "job-init",
        "job-completed",
    ]
    progress = db.session.get_one(Progress, (user.id, quest.id))
    assert (progress.status, progress.attempts) == ("submitted", 1)


def test_a_queued_training_never_runs(hand_in: Any, cancel: Any, work: Any) -> None:
    code = "print('it ran')\ndef train(X, y): pass\n"
    number = hand_in(code).json["data"]["id"]
    assert cancel(number).json["data"]["status"] == "failed"
    work()
    assert verdicts() == [("failed", CANCELLED)]
    row = db.session.get_one(Submission, number)
    assert (row.claims, row.started_at) == (0, None)
    assert hand_in(code).status_code == 202  # the same code may be handed in again at once


def test_a_cancel_that_comes_too_late_says_so(hand_in: Any, cancel: Any, work: Any) -> None:
    number = hand_in("def train(X, y): return 1\n").json["data"]["id"]
    work()
    before = verdicts()
    answer = cancel(number)
    assert answer.status_code == 409
    assert "too late: attempt 1 already has its verdict" in answer.json["message"]
    assert verdicts() == before


def test_two_cancels_and_a_verdict_at_the_same_moment(
    app: Any, hand_in: Any, cancel: Any, user: Any
) -> None:
    """Whoever is first, there is one verdict."""
    for attempt in range(8):
        number = hand_in(f"# {attempt}").json["data"]["id"]
        token = claim.claim(number)
        assert token is not None
        gate, said = threading.Barrier(3), []

        def judge(number: int = number, token: str = token, gate: Any = gate) -> None:
            with app.app_context():
                gate.wait()
                settle(number, token, Verdict("scored", score=0.5))

        def end(number: int = number, gate: Any = gate, said: Any = said) -> None:
            with app.app_context():
                gate.wait()
                said.append(cancel(number).status_code)

        threads = [threading.Thread(target=target) for target in (judge, end, end)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert state(number) in ("scored", "failed")
        assert sorted(said) in ([200, 409], [409, 409])
    assert len(verdicts()) == 8


def test_only_its_owner_may(
    hand_in: Any, client: Any, make_user: Any, bearer: Any, signed_in: Any
) -> None:
    number = hand_in(ENDLESS).json["data"]["id"]
    for name, role in (("bob", "learner"), ("eve", "instructor"), ("root", "admin")):
        other = make_user(name, role=role)
        address = f"/api/v1/submissions/{number}/cancel"
        assert client.post(address, headers=bearer(other)).status_code == 404
    assert client.post(f"/api/v1/submissions/{number}/cancel").status_code == 401
    assert state(number) == "queued"


def test_the_page_has_a_button_that_works_without_javascript(
    endless: int, user: Any, signed_in: Any, send_form: Any
) -> None:
    browser = signed_in(user)
    page = f"/submissions/{endless}"
    shown = browser.get(page).text
    assert "round 1" in shown
    assert f'action="{page}/cancel"' in shown
    answer = send_form(browser, f"{page}/cancel", page=page)
    assert (answer.status_code, answer.location) == (303, page)
    ended = browser.get(page).text
    assert CANCELLED in ended
    assert "round 1" in ended
    assert f'action="{page}/cancel"' not in ended
    token = re.search(r'name="csrf-token" content="([^"]+)"', ended)
    assert token
    browser.post(f"{page}/cancel", data={"csrf_token": token[1]})
    assert "too late: attempt 1" in browser.get(page).text


def test_who_leaves_leaves_nothing_running(
    endless: int, client: Any, headers: Any, jail: Any
) -> None:
    wait_until_busy(jail)
    left = client.delete(
        "/api/v1/users/me", json={"password": "correct horse battery"}, headers=headers
    )
    assert left.status_code in (200, 204)
    until = time.monotonic() + SOON
    while busy(jail):
        assert time.monotonic() < until
        time.sleep(0.02)


def test_an_upload_is_cancelled_too(
    upload: Any, headers: Any, quest: Any, good_model: Any, cancel: Any, work: Any
) -> None:
    number = upload(headers, quest, good_model()).json["data"]["id"]
    shown = cancel(number).json["data"]
    assert (shown["status"], shown["error"]) == ("failed", "You cancelled this submission.")
    work()
    assert len(verdicts()) == 1
