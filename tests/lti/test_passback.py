"""Grades go back: the gradebook's own numbers, again until they arrive, given up in sight."""

from __future__ import annotations

import threading
from datetime import timedelta
from typing import Any

import jwt
import pytest

from mlarena.accounts.audit import AuditEntry
from mlarena.cohorts import assignments, gradebook
from mlarena.core.clock import freeze, utcnow
from mlarena.core.db import db
from mlarena.lti import jobs, linking, passback, platforms, scores
from mlarena.lti.models import Link, Platform, Score
from mlarena.notifications.models import Notification
from tests.lti.conftest import AGS, LTI, SCOPES


@pytest.fixture
def enrolled(visit: Any, lms: Any, platform: Platform, teacher: Any) -> Any:
    """enrolled("task:5") -> a learner who came by a link that opens this, and whose grade is wanted."""
    from mlarena.accounts.models import User

    def come(name: str, item: bool = True, scopes: list[str] = SCOPES, guest: Any = None) -> Any:
        word = linking.seal(platform, "course-7", teacher, linking.choose(teacher, name))
        endpoint = {"scope": scopes, "lineitems": f"{lms.url}/items?course=7"}
        if item:
            endpoint["lineitem"] = f"{lms.url}/items/1?course=7"
        who = guest or visit
        answer = who.launch(**{f"{LTI}custom": {"mlarena": word}, AGS: endpoint})
        assert answer.status_code == 303, answer.text
        return db.session.get(User, who.user_id)

    return come


def score() -> Score:
    db.session.expire_all()
    return db.session.query(Score).one()


def test_the_best_attempt_at_a_task(
    enrolled: Any, quiz: Any, attempt: Any, work: Any, lms: Any
) -> None:
    ada = enrolled(f"task:{quiz.id}")
    work()
    assert lms.scores == []  # nothing handed in, nothing said
    attempt(ada, quiz, "2", "0")
    work()
    attempt(ada, quiz, "0", "0")
    work()
    assert lms.given() == [50.0]  # a worse one is no news
    attempt(ada, quiz, "2", "3")
    work()
    assert lms.given() == [50.0, 100.0]
    path, body = lms.scores[-1]
    assert path == "/items/1/scores"
    assert body.pop("timestamp") > lms.scores[0][1]["timestamp"]
    assert body == {
        "userId": "sub-1", "scoreGiven": 100.0, "scoreMaximum": 100,
        "activityProgress": "Completed", "gradingProgress": "FullyGraded",
    }  # fmt: skip
    assert score().status == "sent"


def test_a_verdict_alone_has_it_sent(
    enrolled: Any, quiz: Any, attempt: Any, by_queue: Any, lms: Any
) -> None:
    ada = enrolled(f"task:{quiz.id}")
    by_queue()
    attempt(ada, quiz, "2", "0")
    by_queue()
    assert lms.given() == [50.0]


def test_what_was_solved_before_the_link_was_opened_is_sent(
    enrolled: Any, quiz: Any, attempt: Any, work: Any, lms: Any, cohort: Any
) -> None:
    ada = enrolled(f"cohort:{cohort.id}")
    attempt(ada, quiz, "2", "3")
    work()
    db.session.query(Link).update({"target": "task", "task_id": quiz.id, "cohort_id": None})
    db.session.commit()
    enrolled(f"task:{quiz.id}")
    work()
    assert lms.given() == [100.0]


@pytest.mark.parametrize("what", ["task", "assignment", "cohort"])
def test_of_an_assignment_the_gradebooks_own_number(
    enrolled: Any, quiz: Any, cohort: Any, assignment: Any, attempt: Any, work: Any, lms: Any,
    teacher: Any, what: str,
) -> None:  # fmt: skip
    """A day late costs 10 %; an extension, an override and its end are each in the next number."""
    names = {
        "task": f"task:{quiz.id}:{cohort.id}",
        "assignment": f"assignment:{cohort.id}:{assignment.id}",
        "cohort": f"cohort:{cohort.id}",
    }
    ada = enrolled(names[what])
    attempt(ada, quiz, "2", "3")
    work()
    assert lms.given() == [0.0, 90.0] or lms.given() == [90.0]
    later = utcnow() + timedelta(days=3)
    assignments.extend(teacher, cohort, assignment, ada.id, later, "ill")
    work()
    assert lms.given()[-1] == 100.0
    gradebook.override(teacher, cohort, assignment, ada.id, 42.5, "seen at the board")
    work()
    assert lms.given()[-1] == 42.5
    gradebook.override(teacher, cohort, assignment, ada.id, None, "a mistake")
    assignments.end_extension(teacher, cohort, assignment, ada.id)
    work()
    assert lms.given()[-1] == 90.0
    assignments.update(teacher, cohort, assignment, {"late_percent": 50.0})
    work()
    assert lms.given()[-1] == 50.0
    row = gradebook.book(cohort, scores.members.some(cohort.id, [ada.id])).rows[0]
    assert row.cells[0].percent == 50.0


def test_a_deadline_passes_by_itself_and_a_number_is_taken_back(
    enrolled: Any, quiz: Any, cohort: Any, assignment: Any, work: Any, lms: Any, teacher: Any
) -> None:
    later = utcnow() + timedelta(days=1)
    assignments.update(teacher, cohort, assignment, {"due_at": later})
    ada = enrolled(f"assignment:{cohort.id}:{assignment.id}")
    work()
    assert lms.scores == []
    with freeze(later + timedelta(hours=1)):
        jobs.keep_all()
        work()
    assert lms.given() == [0.0]
    assignments.extend(teacher, cohort, assignment, ada.id, later + timedelta(days=9), "")
    work()
    assert lms.given() == [0.0, None]
    assert lms.scores[-1][1]["gradingProgress"] == "NotReady"
    work()
    assert len(lms.scores) == 2


def test_a_line_item_is_found_or_made(
    enrolled: Any, quiz: Any, attempt: Any, work: Any, lms: Any
) -> None:
    ada = enrolled(f"task:{quiz.id}", item=False)
    attempt(ada, quiz, "2", "3")
    work()
    (made,) = lms.items
    assert (made["scoreMaximum"], made["resourceLinkId"]) == (100, "link-1")
    assert lms.scores[0][0] == "/items/1/scores"
    db.session.query(Link).update({"line_item": ""})
    db.session.query(Score).update({"sent_percent": 1.0, "asked": Score.asked + 1})
    db.session.commit()
    work()
    assert len(lms.items) == 1  # found
    assert len(lms.scores) == 2
    # Somebody deletes the column: the next attempt makes another.
    lms.items.clear()
    lms.say = lambda path: (404, b"gone") if path == "/items/1/scores" and not lms.items else None
    attempt(ada, quiz, "0", "0")
    db.session.query(Score).update({"sent_percent": 1.0, "asked": Score.asked + 1})
    db.session.commit()
    work()
    assert len(lms.items) == 1
    assert len(lms.scores) == 3


def test_the_token_is_asked_for_as_the_security_framework_has_it(
    enrolled: Any, quiz: Any, attempt: Any, work: Any, lms: Any, visit: Any, platform: Any,
    teacher: Any,
) -> None:  # fmt: skip
    from tests.lti.conftest import fields_of

    platforms.change(teacher, platform, fields_of(lms, audience="https://lms.example/token"))
    attempt(enrolled(f"task:{quiz.id}"), quiz, "2", "3")
    work()
    (row,) = visit.browser.get("/lti/jwks.json").json["keys"]
    claims = jwt.decode(
        lms.assertions[0],
        jwt.PyJWK(row).key,
        algorithms=["RS256"],
        audience="https://lms.example/token",
        issuer="tool-1",
    )
    assert claims["sub"] == "tool-1"
    assert claims["jti"]


@pytest.mark.parametrize("status", [401, 429, 500])
def test_an_lms_that_refuses_is_asked_again(
    enrolled: Any, quiz: Any, attempt: Any, work: Any, lms: Any, status: int
) -> None:
    refused: list[str] = []

    def say(path: str) -> tuple[int, bytes] | None:
        if path.endswith("/scores") and len(refused) < 2:
            refused.append(path)
            return status, b"<p>not\0 now</p>"
        return None

    lms.say = say
    attempt(enrolled(f"task:{quiz.id}"), quiz, "2", "3")
    work()
    assert lms.given() == [100.0]
    assert len(refused) == 2
    assert db.session.query(Platform).one().failures == 0


@pytest.mark.parametrize(
    ("path", "told", "words"),
    [
        (
            "/items/1/scores",
            (500, b"<h1>broken"),
            "does not take the score: it answers 500. <h1>broken",
        ),
        ("/items/1/scores", (422, b"no such user"), "it answers 422. no such user"),
        ("/token", (401, b"who?"), "gives no token: it answers 401. who?"),
        ("/token", (200, b"<html>"), "its answer holds none"),
        ("/token", (200, b'{"access_token": "a\\r\\nb"}'), "its answer holds none"),
    ],
)
def test_what_never_arrives_is_given_up_in_sight(
    enrolled: Any, quiz: Any, attempt: Any, work: Any, lms: Any, teacher: Any, signed_in: Any,
    send_form: Any, platform: Platform, path: str, told: Any, words: str,
) -> None:  # fmt: skip
    lms.say = lambda asked: told if asked == path else None
    attempt(enrolled(f"task:{quiz.id}"), quiz, "2", "3")
    work()
    found = score()
    assert (found.status, found.attempts) == ("dead", 3)
    assert words in found.said
    assert (
        db.session.query(Notification).filter_by(kind="lms_dead", user_id=teacher.id).count() == 1
    )
    # The clock does not take it up again; its teacher does.
    jobs.keep_all()
    work()
    assert score().status == "dead"
    browser, page = signed_in(teacher), f"/teach/lti/{platform.id}"
    shown = browser.get(page).text
    assert "Grades that did not arrive" in shown
    assert "given up" in shown
    lms.say = lambda asked: None
    assert send_form(browser, f"{page}/retry", page).status_code == 303
    work()
    assert lms.given() == [100.0]
    assert db.session.query(AuditEntry).filter_by(action="lms.retry").count() == 1


def test_an_lms_that_hangs_rests_and_keeps_its_turn(
    enrolled: Any, quiz: Any, attempt: Any, work: Any, lms: Any
) -> None:
    attempt(enrolled(f"task:{quiz.id}"), quiz, "2", "3")
    lms.hang.set()
    timer = threading.Timer(1.5, lambda: (lms.hang.clear(), lms.over.set()))
    timer.start()
    work()
    timer.join()
    assert lms.given() == [100.0] or score().status == "dead"


def test_an_address_behind_our_walls_is_not_asked(
    app: Any, enrolled: Any, quiz: Any, attempt: Any, lms: Any, platform: Platform
) -> None:
    """What an LMS names as its line item goes by the same guard as what people enter."""
    from mlarena.submissions import outbox

    attempt(enrolled(f"task:{quiz.id}"), quiz, "2", "3")
    outbox.drain()
    jobs.keep()
    with app.app_context():
        passback.deliver(platform.id)
        db.session.remove()
    assert lms.scores == []
    assert "is not asked" in score().said


def test_off_it_waits_and_another_number_is_sent_once(
    enrolled: Any, quiz: Any, attempt: Any, work: Any, lms: Any, platform: Platform, teacher: Any
) -> None:
    ada = enrolled(f"task:{quiz.id}")
    platforms.turn(teacher, platform, False)
    for values in (("2", "0"), ("2", "3")):
        attempt(ada, quiz, *values)
        from mlarena.submissions import outbox

        outbox.drain()
        jobs.keep()
    assert passback.deliver(platform.id) == 0
    platforms.turn(teacher, platform, True)
    work()
    assert lms.given() == [100.0]


def test_without_a_scope_nothing_is_sent(
    enrolled: Any, quiz: Any, attempt: Any, work: Any, lms: Any
) -> None:
    attempt(enrolled(f"task:{quiz.id}", scopes=[]), quiz, "2", "3")
    work()
    assert db.session.query(Score).count() == 0
    assert "/token" not in lms.asked


def test_a_page_of_learners_costs_the_same_queries(
    enrolled: Any, quiz: Any, cohort: Any, assignment: Any, make_user: Any
) -> None:
    from sqlalchemy import event

    from mlarena.cohorts import service as cohorts

    def counted() -> int:
        seen: list[str] = []
        note = lambda *given: seen.append(given[2])  # noqa: E731
        db.session.query(Score).update({"asked": Score.asked + 1})
        db.session.commit()
        event.listen(db.engine, "before_cursor_execute", note)
        scores.compute()
        event.remove(db.engine, "before_cursor_execute", note)
        return len([one for one in seen if one.startswith("SELECT")])

    enrolled(f"cohort:{cohort.id}")
    first, link = counted(), db.session.query(Link).one()
    for number in range(12):
        person = make_user(f"learner{number}")
        cohorts.enter(cohort, person.id)
        db.session.add(Score(link_id=link.id, user_id=person.id, sub=f"s{number}"))
    db.session.commit()
    assert counted() == first
