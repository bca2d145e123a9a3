"""A term in the console: a cohort, a deadline, one late, one extended, a wrong key mended, an export."""

from __future__ import annotations

import csv
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from benchmarks.arena import PASSWORD, arena
from benchmarks.showcase import Showcase, register
from benchmarks.showcase_competitions import inside, promote

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.pure, pytest.mark.timeout(300)]

TEACHER = "grace"
ZONE = "UTC"


def quiz(second: int) -> dict[str, Any]:
    """Two questions; the key of the second may be wrong."""
    asked = (("1 + 1?", 2), ("2 + 2?", second))
    return {"questions": [{"kind": "number", "prompt": p, "answer": a} for p, a in asked]}


@pytest.fixture(scope="module")
def case() -> Iterator[Showcase]:
    with arena(WORKERS="1") as here:
        people = Showcase(here)
        for name in (TEACHER, "ada", "bob", "cyd"):
            people.users[name], people.tokens[name] = register(here, name)
        promote(people, TEACHER)
        yield people


@pytest.fixture
def enter(chromium: Any, case: Showcase) -> Iterator[Any]:
    """enter("ada") -> a page of a browser of hers."""
    contexts = []

    def open_(name: str) -> Any:
        contexts.append(chromium.new_context(base_url=case.here.url))
        page = contexts[-1].new_page()
        page.goto("/login")
        page.fill("[name=username]", name)
        page.fill("[name=password]", PASSWORD)
        page.click("main form [type=submit]")
        page.wait_for_load_state()
        return page

    yield open_
    for context in contexts:
        context.close()


def hand_in(case: Showcase, name: str, number: int, answers: tuple[str, str]) -> int:
    body = {"challenge_id": number, "answers": dict(zip("12", answers, strict=True))}
    status, answer = case.here.call("POST", "/attempts", case.tokens[name], body)
    assert status == 202, answer
    until = time.monotonic() + 30
    while answer["data"]["status"] in ("queued", "running"):
        assert time.monotonic() < until
        time.sleep(0.05)
        _, answer = case.here.call("GET", f"/submissions/{answer['data']['id']}", case.tokens[name])
    return int(answer["data"]["id"])


def xp(case: Showcase, name: str) -> int:
    _, answer = case.here.call("GET", "/users/me/progress", case.tokens[name])
    return int(answer["data"]["xp"])


def exported(page: Any) -> dict[str, dict[str, str]]:
    with page.expect_download() as waiting:
        page.get_by_role("link", name="CSV").click()
    with waiting.value.path().open(encoding="utf-8", newline="") as file:
        return {row["username"]: row for row in csv.DictReader(file)}


def test_a_term(case: Showcase, enter: Any) -> None:
    fields = {"kind": "knowledge", "name": "Sums", "points": 40, "publish": True, **quiz(5)}
    status, answer = case.here.call("POST", "/challenges", case.tokens[TEACHER], fields)
    assert status == 201, answer
    task, due = answer["data"]["id"], datetime.now(UTC) - timedelta(hours=1)

    desk = enter(TEACHER)
    desk.get_by_role("link", name="Teach").click()
    desk.get_by_role("link", name="A new cohort").click()
    desk.fill("main [name=title]", "Arithmetic")
    desk.select_option("main [name=timezone]", ZONE)
    desk.get_by_role("button", name="Make it").click()
    code = desk.locator(".join-code").inner_text()
    cohort = desk.url.rsplit("/", 2)[1]

    ada = enter("ada")
    ada.goto(f"/cohorts/join/{code}")
    ada.get_by_role("button", name="Join").click()
    ada.get_by_role("heading", name="Arithmetic").wait_for()
    for name in ("bob", "cyd"):
        joined, _ = case.here.call("POST", "/cohorts/join", case.tokens[name], {"code": code})
        assert joined == 200

    desk.get_by_role("link", name="Assignments").click()
    desk.get_by_role("link", name="Assign something").click()
    desk.fill("main [name=title]", "Week 1")
    desk.get_by_label("Sums", exact=True).check()
    desk.fill("main [name=due_at]", f"{due:%Y-%m-%dT%H:%M}")
    desk.fill("main [name=late_days]", "2")
    desk.fill("main [name=late_percent]", "10")
    desk.get_by_role("button", name="Assign it").click()
    desk.get_by_text("It is assigned.").wait_for()

    desk.goto(f"/teach/cohorts/{cohort}/people")
    desk.get_by_role("link", name="cyd").click()
    desk.get_by_role("link", name="Extend or override").click()
    desk.fill("main [name=due_at]", f"{due + timedelta(days=1):%Y-%m-%dT%H:%M}")
    desk.fill("main [name=why]", "ill")
    desk.get_by_role("button", name="Extend", exact=True).click()
    desk.get_by_text("This learner has more time now.").wait_for()

    # ada is right, and the key is not; she handed in before the deadline.
    first = hand_in(case, "ada", task, ("2", "4"))
    with inside(case.here):
        from mlarena.core.db import db
        from mlarena.submissions.models import Submission

        db.session.get_one(Submission, first).queued_at = due - timedelta(hours=1)
        db.session.commit()
    hand_in(case, "bob", task, ("2", "5"))
    hand_in(case, "cyd", task, ("2", "5"))
    desk.goto(f"/teach/cohorts/{cohort}/grades")
    before = exported(desk)
    # By hand: ada 50 %; bob 100 % less 10 % for the first day; cyd 100 %, not late.
    assert {name: row["Week 1"] for name, row in before.items()} == {
        "ada": "50.0", "bob": "90.0", "cyd": "100.0",
    }  # fmt: skip
    assert [xp(case, name) for name in ("ada", "bob", "cyd")] == [0, 40, 40]

    status, answer = case.here.call(
        "PATCH", f"/challenges/{task}", case.tokens[TEACHER], quiz(4) | {"publish": True}
    )
    assert status == 200, answer
    desk.goto(f"/teach/submissions?task={task}")
    desk.get_by_role("link", name=str(first), exact=True).click()
    desk.select_option("main [name=scope]", "task")
    desk.fill("main [name=reason]", "the key of question 2 was wrong")
    desk.get_by_role("button", name="Judge again").click()
    until = time.monotonic() + 60
    while not desk.get_by_role("button", name="Apply", exact=True).count():
        assert time.monotonic() < until, desk.locator("main").inner_text()
        time.sleep(0.3)
        desk.reload()
    assert desk.locator("table tbody tr").count() == 3
    assert [xp(case, name) for name in ("ada", "bob", "cyd")] == [0, 40, 40]  # nothing yet
    desk.get_by_role("button", name="Apply", exact=True).click()
    desk.get_by_role("button", name="Apply the new verdicts").click()
    while not desk.get_by_text("applied", exact=True).count():
        assert time.monotonic() < until, desk.locator("main").inner_text()
        time.sleep(0.3)
        desk.reload()

    assert [xp(case, name) for name in ("ada", "bob", "cyd")] == [40, 0, 0]
    desk.goto(f"/teach/cohorts/{cohort}/grades")
    after = exported(desk)
    # ada 100 %; bob half, late: 50 × 0.9; cyd half.
    assert {name: row["total"] for name, row in after.items()} == {
        "ada": "100.0", "bob": "45.0", "cyd": "50.0",
    }  # fmt: skip
    ada.goto(f"/cohorts/{cohort}/grades")
    assert "100.0 %" in ada.locator("main").inner_text()
    ada.goto(f"/boards/cohort/{cohort}")
    assert ada.locator("table.board tbody th").all_inner_texts() == ["ada you are here"]
    desk.goto("/teach/audit")
    log = desk.locator("main").inner_text()
    for action in ("cohort.create", "assignment.create", "assignment.extend", "rejudge.apply"):
        assert action in log
