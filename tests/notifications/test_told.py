"""Somebody is told something: once, as they have chosen, a burst as one."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from flask import current_app

from mlarena.core.clock import freeze, utcnow
from mlarena.core.db import db
from mlarena.notifications import choices, delivery, routing, service
from mlarena.notifications.channels import Later, Unreachable
from mlarena.notifications.models import Delivery, Notification
from mlarena.notifications.service import About, broadcast, notify

NIGHT = datetime(2026, 3, 10, 23, 30, tzinfo=UTC)


def listed(user: Any) -> list[str]:
    return [row.title for row in db.session.scalars(service.heads(user.id))]


def test_told_twice_is_told_once(user: Any, routed: Any, pigeon: Any) -> None:
    for _ in range(2):
        notify(user, "announcement", About("announcement:1", "Hear"))
        routed()
    notify(user, "announcement", About("announcement:1", "Hear"))
    routed()
    delivery.deliver("pigeon")
    delivery.deliver("pigeon")
    assert listed(user) == ["Hear"]
    assert pigeon.sent == [("ada", ["Hear"])]


def test_what_is_rolled_back_was_never_told(user: Any, routed: Any) -> None:
    notify(user, "announcement", About("announcement:1", "Hear"))
    db.session.rollback()
    assert routed() == 0
    assert listed(user) == []


def test_a_worker_routes_what_was_committed(user: Any, work: Any) -> None:
    notify(user, "announcement", About("announcement:1", "Hear"))
    db.session.commit()
    work()
    assert listed(user) == ["Hear"]


def test_a_burst_stands_as_one_and_is_read_as_one(user: Any, routed: Any) -> None:
    for number in range(12):
        notify(user, "verdict", About(f"submission:{number}", f"Verdict {number}"))
        if number % 5 == 0:
            routed()
    routed()
    assert service.unread(user.id) == 1
    head = db.session.scalars(service.heads(user.id)).one()
    assert len(service.bursts([head.id])[head.id]) == 11
    service.mark_read(user.id, head.id)
    assert service.unread(user.id) == 0
    assert db.session.scalars(db.select(Notification.read_at)).all().count(None) == 0
    # What comes after it was read begins anew; "all up to this one" takes the rest of its burst along.
    notify(user, "verdict", About("submission:99", "Verdict 99"))
    notify(user, "verdict", About("submission:100", "Verdict 100"))
    routed()
    assert service.unread(user.id) == 1
    service.mark_all_read(user.id, db.session.scalars(service.heads(user.id)).first().id)
    assert db.session.scalars(db.select(Notification.read_at)).all().count(None) == 0


def test_a_burst_is_one_message(user: Any, routed: Any, pigeon: Any) -> None:
    for number in range(3):
        notify(user, "badge", About(f"badge:{number}", f"Badge {number}"))
    routed()
    assert delivery.deliver("pigeon") == 1
    assert pigeon.sent == [("ada", ["Badge 0", "Badge 1", "Badge 2"])]


def test_each_kind_goes_where_its_user_wants_it(
    user: Any, make_user: Any, routed: Any, pigeon: Any
) -> None:
    other = make_user("bob")
    choices.choose(user, {"badge": {"page": False}, "level": {"pigeon": False}})
    for one in (user, other):
        notify(one, "badge", About("badge:1", "Badge"))
        notify(one, "level", About("level:2", "Level"))
    routed()
    delivery.deliver("pigeon")
    assert listed(user) == ["Level"]
    assert listed(other) == ["Level", "Badge"]
    assert dict(pigeon.sent) == {"ada": ["Badge"], "bob": ["Badge", "Level"]}


def test_quiet_hours_hold_messages_back_until_they_end(
    make_user: Any, routed: Any, pigeon: Any
) -> None:
    user = make_user("ada", timezone="Europe/Berlin")
    choices.set_habits(user, quiet_from=22 * 60, quiet_to=7 * 60)
    with freeze(NIGHT):
        notify(user, "badge", About("badge:1", "Badge"))
        routed()
        assert delivery.deliver("pigeon") == 0
        assert listed(user) == ["Badge"]  # the list itself disturbs nobody
    morning = datetime(2026, 3, 11, 6, 0, tzinfo=UTC)  # 07:00 in Berlin
    with freeze(morning - timedelta(seconds=1)):
        assert delivery.deliver("pigeon") == 0
    with freeze(morning):
        assert delivery.deliver("pigeon") == 1


def test_hours_that_were_set_meanwhile_hold_too(user: Any, routed: Any, pigeon: Any) -> None:
    with freeze(NIGHT):
        notify(user, "badge", About("badge:1", "Badge"))
        routed()
        choices.set_habits(user, quiet_from=23 * 60, quiet_to=60)
        assert delivery.deliver("pigeon") == 0
    with freeze(NIGHT + timedelta(hours=1, minutes=30)):
        assert delivery.deliver("pigeon") == 1


def test_what_was_read_meanwhile_or_is_no_longer_wanted_is_not_sent(
    user: Any, routed: Any, pigeon: Any
) -> None:
    notify(user, "badge", About("badge:1", "Badge"))
    notify(user, "level", About("level:2", "Level"))
    notify(user, "rating", About("rating:1", "Rating"))
    routed()
    service.seen(user.id, "badge", "badge:1")
    choices.choose(user, {"level": {"pigeon": False}})
    delivery.deliver("pigeon")
    assert pigeon.sent == [("ada", ["Rating"])]
    assert db.session.scalar(db.select(db.func.count()).select_from(Delivery)) == 0


def test_a_channel_that_is_busy_is_asked_again_and_one_that_is_broken_later(
    user: Any, routed: Any, pigeon: Any
) -> None:
    notify(user, "badge", About("badge:1", "Badge"))
    routed()
    now = utcnow()
    pigeon.raises = [Later(7), RuntimeError("the wing is broken")]
    with freeze(now + timedelta(seconds=1)):
        assert delivery.deliver("pigeon") == 0
    with freeze(now + timedelta(seconds=7)):
        assert delivery.deliver("pigeon") == 0
        assert pigeon.raises != []  # not asked before its time
    with freeze(now + timedelta(seconds=9)):
        assert delivery.deliver("pigeon") == 0
        assert pigeon.raises == []
    with freeze(now + timedelta(seconds=30)):
        assert delivery.deliver("pigeon") == 0
    with freeze(now + timedelta(seconds=80)):
        assert delivery.deliver("pigeon") == 1
    assert pigeon.sent == [("ada", ["Badge"])]


def test_who_cannot_be_reached_loses_only_what_waits(user: Any, routed: Any, pigeon: Any) -> None:
    notify(user, "badge", About("badge:1", "Badge"))
    routed()
    pigeon.raises = [Unreachable()]
    assert delivery.deliver("pigeon") == 0
    assert delivery.due("pigeon") is None
    assert listed(user) == ["Badge"]


def test_who_has_left_is_told_nothing(make_user: Any, routed: Any, pigeon: Any) -> None:
    from mlarena.accounts import service as accounts
    from tests.conftest import PASSWORD

    leaving, staying = make_user("ada"), make_user("bob")
    for one in (leaving, staying):
        notify(one, "badge", About("badge:1", "Badge"))
    routed()
    notify(leaving, "level", About("level:2", "Level"))
    db.session.commit()
    accounts.delete_account(leaving, PASSWORD)
    routed()
    delivery.deliver("pigeon")
    assert pigeon.sent == [("bob", ["Badge"])]
    assert {row.user_id for row in db.session.scalars(db.select(Notification))} == {staying.id}


def test_very_many_are_told_in_stretches_each_once(
    make_user: Any, routed: Any, monkeypatch: Any
) -> None:
    monkeypatch.setattr(routing, "BATCH", 3)
    people = [make_user(f"user{number}") for number in range(10)]
    for _ in range(2):
        broadcast("announcement", About("announcement:1", "Hear, all"), "everyone")
        db.session.commit()
        # Killed at some point, and done again from there by somebody else.
        routing.spread()
        routed()
    assert all(listed(one) == ["Hear, all"] for one in people)


def test_what_is_stored_goes_together_and_nobody_waits_for_a_bad_letter(
    make_user: Any, routed: Any, pigeonhole: Any
) -> None:
    """With the routing alone: what quiet hours or a fault had held back needs no further word."""
    away, asleep, cursed, *others = (make_user(f"user{number}") for number in range(5))
    pigeonhole.away, pigeonhole.cursed = {away.id}, cursed.username
    choices.set_habits(asleep, quiet_from=23 * 60, quiet_to=60)
    badges = ["Badge 1", "Badge 2"]
    with freeze(NIGHT):
        for one in (away, asleep, cursed, *others):
            for number in (1, 2):
                notify(one, "badge", About(f"badge:{number}", f"Badge {number}"))
        for _ in range(2):
            routed()
            assert pigeonhole.held == {one.username: badges for one in others}
    pigeonhole.cursed = ""
    with freeze(NIGHT + timedelta(minutes=89)):
        routed()
        assert pigeonhole.held.keys() == {one.username for one in (cursed, *others)}
        choices.set_habits(asleep, quiet_from=23 * 60, quiet_to=70)
    with freeze(NIGHT + timedelta(minutes=95)):
        routed()
        assert asleep.username not in pigeonhole.held  # hours that were set meanwhile hold, too
    with freeze(NIGHT + timedelta(minutes=100)):
        routed()
    told = (asleep, cursed, *others)
    assert pigeonhole.held == {one.username: badges for one in told}  # each of them once
    assert delivery.due("pigeonhole") is None


def test_two_who_route_at_once_tell_each_once(
    user: Any, routed: Any, pigeonhole: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Somebody else routes the same between our reading and our write."""
    asked, meanwhile = routing.wishes, []

    def interrupted(user_ids: Any) -> Any:
        if not meanwhile:
            meanwhile.append(1)
            with current_app._get_current_object().app_context():  # type: ignore[attr-defined]
                meanwhile.append(routing.route(bulk=False))
                db.session.remove()
        return asked(user_ids)

    for number in (1, 2):
        notify(user, "badge", About(f"badge:{number}", f"Badge {number}"))
    db.session.commit()
    monkeypatch.setattr(routing, "wishes", interrupted)
    routed()
    assert meanwhile[1] == (2 if db.engine.name == "sqlite" else 0)  # PostgreSQL locks what is read
    assert pigeonhole.held == {user.username: ["Badge 1", "Badge 2"]}
    assert len(listed(user)) == 1  # a burst, and one of it
    assert delivery.due("pigeonhole") is None


def test_what_was_read_just_now_heads_no_burst(
    user: Any, routed: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Somebody reads their list between our reading and our write: what comes then is news."""
    notify(user, "verdict", About("submission:1", "Verdict 1"))
    routed()
    seen, asked = db.session.scalars(service.heads(user.id)).one().id, routing.wishes

    def interrupted(user_ids: Any) -> Any:
        with current_app._get_current_object().app_context():  # type: ignore[attr-defined]
            service.mark_all_read(user.id, seen)  # as the page does: all that it shows
            db.session.remove()
        return asked(user_ids)

    monkeypatch.setattr(routing, "wishes", interrupted)
    notify(user, "verdict", About("submission:2", "Verdict 2"))
    routed()
    assert service.unread(user.id) == 1
