"""Who has the page of a verdict open, as its socket says: no notice tells them of that verdict."""

from __future__ import annotations

import time
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest
import sqlalchemy as sa

from mlarena.core.db import db
from mlarena.live import presence, sockets
from mlarena.notifications.models import Notification
from mlarena.submissions import intake, notices
from mlarena.submissions.verdict import Verdict
from tests.core.test_wake import until
from tests.live.browsing import settled
from tests.live.watcher import PATIENCE, Watcher

LOST = Verdict("scored", score=0.1, passed=False)


@pytest.fixture
def visit_as(visit: Any, bearer: Any) -> Callable[[Any], Watcher]:
    """visit_as(user) -> a connected client that is theirs."""

    def connect(user: Any) -> Watcher:
        token = bearer(user)["Authorization"].removeprefix("Bearer ")
        watcher: Watcher = visit(token=token)
        return watcher

    return connect


@pytest.fixture
def hand_in(quest: Any) -> Callable[[Any], Any]:
    """hand_in(user) -> a submission that waits."""
    return lambda user: intake.accept(user, quest, {"format": "joblib", "filename": "m.joblib"})


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Any:
    """The time by which looking ends; `clock.now` may be put forward."""
    held = SimpleNamespace(now=time.time())
    monkeypatch.setattr(presence, "time", SimpleNamespace(time=lambda: held.now))
    return held


def look(watcher: Watcher, submission: Any) -> Any:
    return watcher.client.call("join", {"submission": submission}, timeout=PATIENCE)


def told_of() -> list[str]:
    told = sa.select(Notification.about).where(Notification.kind == "verdict")
    return list(db.session.scalars(told.order_by(Notification.id)))


def test_who_says_what_its_page_shows_is_not_told_of_that_verdict_and_of_every_other(
    user: Any, visit_as: Any, hand_in: Any
) -> None:
    shown, other = hand_in(user), hand_in(user)
    about = notices.about_verdict(shown)
    page = visit_as(user)
    assert not presence.looks_at(user.id, about)
    assert look(page, shown.id) == {"submission": shown.id}
    assert presence.looks_at(user.id, about)
    settled(shown, LOST)
    settled(other, LOST)
    assert told_of() == [notices.about_verdict(other)]


def test_a_page_that_was_closed_shows_nothing_any_more(
    app: Any, user: Any, visit_as: Any, hand_in: Any
) -> None:
    submission = hand_in(user)
    about = notices.about_verdict(submission)
    page = visit_as(user)
    look(page, submission.id)
    page.leave()
    until(lambda: not presence.looks_at(user.id, about))
    app.extensions["sockets"].recheck()  # which renews what open ones have said
    assert not presence.looks_at(user.id, about)
    settled(submission, LOST)
    assert told_of() == [about]


def test_whose_it_is_is_told_whoever_else_says_that_they_look_at_it(
    user: Any, make_user: Any, visit: Any, visit_as: Any, hand_in: Any
) -> None:
    submission = hand_in(user)
    about = notices.about_verdict(submission)
    for stranger in (visit(), visit_as(make_user("eve"))):
        look(stranger, submission.id)
    assert not presence.looks_at(user.id, about)
    settled(submission, LOST)
    assert told_of() == [about]


def test_what_is_no_submission_is_refused(app: Any, user: Any, visit_as: Any) -> None:
    page = visit_as(user)
    for named in (0, -1, "7", 7.0, True, None, [7], 1 << 70):
        assert set(look(page, named)) == {"error"}, named
        assert set(page.hears("error")) == {"message"}, named
    assert app.extensions["redis"].zcard(presence.LOOKING) == 0


def test_an_open_page_is_looked_at_for_as_long_as_it_is_open(
    app: Any, user: Any, visit_as: Any, clock: Any
) -> None:
    page = visit_as(user)
    look(page, 7)
    presence.look(user.id, "submission:8")  # by a page of which nothing is heard again
    for _ in range(3):
        clock.now += sockets.RECHECK_SECONDS
        app.extensions["sockets"].recheck()
    clock.now += sockets.RECHECK_SECONDS  # the next time is about to come
    assert presence.looks_at(user.id, "submission:7")
    assert not presence.looks_at(user.id, "submission:8")


def test_a_page_that_is_read_again_beside_its_socket_is_looked_at_no_less(
    user: Any, visit_as: Any, hand_in: Any, signed_in: Any, clock: Any
) -> None:
    """As it does when it has connected, and now and then later: asking for it counts for seconds only."""
    submission = hand_in(user)
    browser = signed_in(user)
    look(visit_as(user), submission.id)
    assert browser.get(f"/submissions/{submission.id}").status_code == 200
    clock.now += notices.UNTIL_CONNECTED + 1
    assert presence.looks_at(user.id, notices.about_verdict(submission))
