"""A challenge opens and closes by the clock, in its author's own time, at every door."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from mlarena.accounts.models import User
from mlarena.challenges import authoring, service
from mlarena.challenges.catalogue import catalogue
from mlarena.challenges.models import Challenge
from mlarena.challenges.next_up import next_up
from mlarena.core.clock import freeze, utcnow
from mlarena.core.db import db
from mlarena.core.errors import Conflict
from mlarena.submissions import jobs
from mlarena.submissions.models import Submission
from tests.challenges.conftest import QUIZ, RIGHT
from tests.challenges.form_reading import fields


@pytest.fixture
def desk(author: Any, signed_in: Any) -> Any:
    author.timezone = "Europe/Berlin"
    db.session.commit()
    return signed_in(author)


def save(desk: Any, challenge: Any, do: str = "save", **changes: Any) -> Any:
    address = f"/challenges/{challenge.id}/edit"
    return desk.post(address, data=fields(desk.get(address).text) | {"do": do} | changes)


def test_it_opens_by_the_authors_clock_across_summer_time(
    desk: Any, make_challenge: Any, client: Any
) -> None:
    made = make_challenge(QUIZ, publish=False)
    gap = save(desk, made, "publish", opens_at="2027-03-28T02:30")
    assert (gap.status_code, "the clocks jump over it" in gap.text) == (422, True)
    assert fields(gap.text)["opens_at"] == "2027-03-28T02:30"
    twisted = save(desk, made, "publish", opens_at="2027-03-28T03:30", closes_at="2027-03-28T03:30")
    assert (twisted.status_code, "close before it opens" in twisted.text) == (422, True)
    done = save(desk, made, "publish", opens_at="2027-03-28T03:30", closes_at="2027-10-31T02:30")
    assert done.status_code == 303, done.text

    db.session.expire_all()
    challenge = db.session.get_one(Challenge, made.id)
    assert (challenge.status, challenge.scheduled) == ("draft", True)
    assert challenge.opens_at == datetime(2027, 3, 28, 1, 30, tzinfo=UTC)
    # The hour that comes twice is the second one.
    assert challenge.closes_at == datetime(2027, 10, 31, 1, 30, tzinfo=UTC)
    assert challenge.version_row().checked_at is not None  # it was checked when it was scheduled
    shown = fields(desk.get(f"/challenges/{made.id}/edit").text)
    assert shown["opens_at"] == "2027-03-28T03:30"
    listed = client.get("/challenges").text
    assert made.title in listed
    assert "opens <time" in listed
    for address in (f"/challenges/{made.id}", f"/api/v1/challenges/{made.id}"):
        assert client.get(address).status_code == 404

    opens = challenge.opens_at
    with freeze(opens - timedelta(seconds=1)):
        assert jobs.publish_due() == 0
    with freeze(opens):
        assert (jobs.publish_due(), jobs.publish_due()) == (1, 0)
    assert client.get(f"/api/v1/challenges/{made.id}").json["data"]["opens_at"] is None
    assert "opens <time" not in client.get("/challenges").text


def test_who_edits_what_is_scheduled_keeps_or_ends_that(desk: Any, make_challenge: Any) -> None:
    made = make_challenge(QUIZ, publish=False)
    soon = f"{utcnow() + timedelta(days=3):%Y-%m-%dT%H:%M}"
    assert save(desk, made, "publish", opens_at=soon).status_code == 303
    copy = authoring.duplicate(_author(made), made)
    assert (copy.opens_at, copy.scheduled) == (None, False)
    assert save(desk, made, summary="Another word").status_code == 303
    db.session.expire_all()
    assert (made.scheduled, made.status) == (True, "draft")
    assert save(desk, made, "withdraw").status_code == 303
    db.session.expire_all()
    assert (made.scheduled, made.status) == (False, "draft")
    with freeze(utcnow() + timedelta(days=4)):
        assert jobs.publish_due() == 0


def _author(challenge: Any) -> Any:
    return db.session.get_one(User, challenge.created_by)


def test_what_has_closed_takes_nothing_in_at_any_door(
    desk: Any, make_challenge: Any, user: Any, attempt: Any, signed_in: Any, client: Any,
    send_form: Any, bearer: Any,
) -> None:  # fmt: skip
    made = make_challenge(QUIZ)
    other = make_challenge(QUIZ, name="Another quiz")
    patched = client.patch(
        f"/api/v1/challenges/{made.id}",
        json={"closes_at": (utcnow() - timedelta(minutes=1)).isoformat()},
        headers=bearer(_author(made)),
    )
    assert patched.status_code == 200, patched.text
    refused = attempt(user, made, answers=RIGHT)
    assert (refused.status_code, "closed on" in refused.text) == (409, True)
    browser, page = signed_in(user), f"/challenges/{made.id}"
    shown = browser.get(page).text
    assert "It has closed" in shown
    assert ">Hand in<" not in shown
    by_form = send_form(browser, page, q1="precision")
    assert (by_form.status_code, "closed on" in by_form.text) == (409, True)
    db.session.expire_all()
    with pytest.raises(Conflict, match="closed on"):  # as the chat asks
        service.submit(user, made.id, {"answers": RIGHT})
    assert not db.session.query(Submission).count()
    assert "Closed" in client.get("/challenges").text
    step = next_up(catalogue().shelf(), {})
    assert step is not None
    assert step.entry.id == other.id
