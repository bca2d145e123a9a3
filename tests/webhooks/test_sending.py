"""Events reach the owner's server: signed, in words that libraries know, and whatever is killed."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select
from standardwebhooks.webhooks import Webhook as Verifier
from standardwebhooks.webhooks import WebhookVerificationError

from mlarena.cohorts import assignments
from mlarena.cohorts import service as cohorts
from mlarena.core import outgoing
from mlarena.core.clock import freeze, utcnow
from mlarena.core.db import db
from mlarena.notifications import jobs
from mlarena.notifications.models import Notification
from mlarena.submissions import outbox
from mlarena.submissions.models import JobEvent
from mlarena.webhooks import dispatch, sending, service
from mlarena.webhooks.models import Delivery, Webhook


def told(receiver: Any) -> list[tuple[str, int]]:
    bodies = [json.loads(body) for _, body in receiver.got]
    return [(body["type"], body["data"]["attempt_id"]) for body in bodies]


def both(*numbers: int) -> list[tuple[str, int]]:
    return [(kind, number) for number in numbers for kind in ("job-init", "job-completed")]


def test_a_message_is_signed_so_that_a_published_library_knows_it(
    arena: Any,
    receiver: Any,
    hook: Any,
    teacher: Any,
    quiz: Any,
    user: Any,
    attempt: Any,
    work: Any,
) -> None:
    webhook, secret = hook(teacher)
    number = attempt(user, quiz)
    work()
    assert told(receiver) == both(number)
    headers, body = receiver.got[1]
    message = Verifier(secret).verify(body, headers)
    assert message["id"] == headers["webhook-id"]
    assert message["data"]["status"] == "COMPLETED"
    for changed in (body + b" ", body.replace(b"COMPLETED", b"FAILED")):
        with pytest.raises(WebhookVerificationError):
            Verifier(secret).verify(changed, headers)
    with pytest.raises(WebhookVerificationError):  # an old message, played again with a new time
        Verifier(secret).verify(body, headers | {"webhook-timestamp": "1"})
    fresh = service.rotate(teacher, webhook)
    assert fresh != secret
    attempt(user, quiz)
    work()
    headers, body = receiver.got[-1]
    assert Verifier(fresh).verify(body, headers) == Verifier(secret).verify(body, headers)
    webhook.rotated_at = utcnow() - timedelta(days=2)
    db.session.commit()
    service.ping(teacher, webhook)
    work()
    headers, body = receiver.got[-1]
    assert Verifier(fresh).verify(body, headers)["type"] == "ping"
    with pytest.raises(WebhookVerificationError):
        Verifier(secret).verify(body, headers)


def test_who_is_told_what(
    arena: Any, receiver: Any, hook: Any, make_user: Any, make_quiz: Any, attempt: Any, work: Any
) -> None:
    """An instructor: own tasks, the cohorts' work. An admin: everything. Who is one no more: nothing."""
    own, lead, admin, gone = (
        make_user("own", role="instructor"),
        make_user("lead", role="instructor"),
        make_user("root", role="admin"),
        make_user("gone", role="instructor"),
    )
    first, second = make_quiz(own, "First"), make_quiz(own, "Second")
    ada, bob = make_user("ada"), make_user("bob")
    cohort = cohorts.create(lead, {"title": "A class"})
    cohorts.join(ada, cohort.join_code or "")
    assignments.create(lead, cohort, {"title": "Week 1"}, {first.id: 1.0})
    gone_hook, _ = hook(gone)
    hooks = {person.username: hook(person)[0] for person in (own, lead, admin)}
    gone.role = "learner"
    db.session.commit()
    numbers = [attempt(who, what) for who in (ada, bob) for what in (first, second)]
    work()

    def of(webhook: Webhook) -> list[int]:
        rows = select(Delivery).where(Delivery.webhook_id == webhook.id).order_by(Delivery.id)
        return [
            one.event.submission_id
            for one in db.session.scalars(rows)
            if one.kind == "job-completed"
        ]

    assert of(hooks["own"]) == of(hooks["root"]) == numbers
    assert of(hooks["lead"]) == numbers[:1]
    assert of(gone_hook) == []
    service.change(own, hooks["own"], {"events": ["job-completed"]})
    last = attempt(bob, first)
    work()

    def kinds(webhook: Webhook, number: int) -> list[str]:
        rows = select(Delivery.kind).join(Delivery.event).where(Delivery.webhook_id == webhook.id)
        found = rows.where(JobEvent.submission_id == number).order_by(Delivery.id)
        return list(db.session.scalars(found))

    init, completed = "job-init", "job-completed"
    assert kinds(hooks["own"], numbers[-1]) == kinds(hooks["root"], last) == [init, completed]
    assert kinds(hooks["own"], last) == [completed]


def test_a_receiver_that_is_killed_and_started_again_misses_nothing(
    arena: Any,
    receiver: Any,
    hook: Any,
    teacher: Any,
    quiz: Any,
    user: Any,
    attempt: Any,
    work: Any,
) -> None:
    webhook, _ = hook(teacher)
    numbers = [attempt(user, quiz)]
    work()
    receiver.stop()
    numbers += [attempt(user, quiz, str(value)) for value in range(3)]
    work(1)
    assert told(receiver) == both(numbers[0])
    assert db.session.get_one(Webhook, webhook.id, populate_existing=True).failures >= 1
    receiver.start()
    work()
    assert sorted(told(receiver)) == sorted(both(*numbers))
    assert told(receiver) == both(*numbers)  # nothing else was sent meanwhile: in their order
    assert db.session.get_one(Webhook, webhook.id, populate_existing=True).failures == 0


def test_a_worker_that_is_killed_while_it_sends_leaves_the_message_waiting(
    arena: Any,
    receiver: Any,
    hook: Any,
    teacher: Any,
    quiz: Any,
    user: Any,
    attempt: Any,
    work: Any,
) -> None:
    webhook, _ = hook(teacher)
    number = attempt(user, quiz)
    for lease, sent in ((timedelta(minutes=1), []), (timedelta(seconds=-1), both(number))):
        webhook.claim_token, webhook.lease_until = "of the killed", utcnow() + lease
        db.session.commit()
        work(1)
        assert told(receiver) == sent
    arena.extensions["redis"].flushdb()  # and what Redis knew is gone too
    again = attempt(user, quiz)
    arena.extensions["redis"].flushdb()
    work()
    assert told(receiver) == both(number, again)


def test_given_up_after_so_many_failures_its_owner_is_told_and_nothing_is_lost(
    arena: Any,
    receiver: Any,
    hook: Any,
    teacher: Any,
    quiz: Any,
    user: Any,
    attempt: Any,
    work: Any,
    client: Any,
    bearer: Any,
    signed_in: Any,
) -> None:
    webhook, _ = hook(teacher)
    receiver.say = lambda headers, body: 503
    first = attempt(user, quiz)
    work()
    webhook = db.session.get_one(Webhook, webhook.id, populate_existing=True)
    assert (webhook.state, webhook.failures) == ("dead", 4)
    [notice] = db.session.scalars(select(Notification).where(Notification.kind == "webhook_dead"))
    assert notice.user_id == teacher.id and "Mine" in notice.title
    jobs.route()
    [told_of] = client.get("/api/v1/notifications", headers=bearer(teacher)).json["data"]
    assert (told_of["kind"], told_of["link"]) == ("webhook_dead", f"/teach/webhooks/{webhook.id}")
    assert "“Mine” was given up" in signed_in(teacher).get("/notifications").text
    receiver.say = lambda headers, body: 200
    second = attempt(user, quiz)
    work()
    assert told(receiver) == []
    service.turn(teacher, webhook, on=True)
    service.replay_dead(teacher, webhook)
    work()
    assert sorted(told(receiver)) == sorted(both(first, second))


def test_one_message_that_is_refused_does_not_stop_the_others_and_can_be_sent_again(
    arena: Any,
    receiver: Any,
    hook: Any,
    teacher: Any,
    quiz: Any,
    user: Any,
    attempt: Any,
    work: Any,
) -> None:
    webhook, _ = hook(teacher, events=["job-completed"])
    bad = attempt(user, quiz)
    receiver.say = lambda headers, body: (
        500 if json.loads(body)["data"]["attempt_id"] == bad else 200
    )
    good = [attempt(user, quiz) for _ in range(4)]
    work()
    assert sorted(number for _, number in told(receiver)) == good
    [dead] = db.session.scalars(select(Delivery).where(Delivery.status == "dead"))
    assert [one["status"] for one in dead.log] == [500] * 4
    assert db.session.get_one(Webhook, webhook.id, populate_existing=True).state == "on"
    receiver.say = lambda headers, body: 200
    service.replay(teacher, webhook, dead.id)
    work()
    headers, _ = receiver.got[-1]
    assert headers["webhook-id"] == dead.name  # the same: a receiver knows a repetition by it


def test_a_receiver_that_hangs_is_left_and_others_are_told(
    arena: Any,
    receiver: Any,
    another_receiver: Any,
    hook: Any,
    teacher: Any,
    quiz: Any,
    user: Any,
    attempt: Any,
    work: Any,
) -> None:
    receiver.hang.set()
    slow, _ = hook(teacher)
    hook(teacher, url=another_receiver.url)  # its turn comes after that of the slow one
    number = attempt(user, quiz)
    with freeze(utcnow()):  # so that its rest is not over within the round
        work(1)
    assert told(another_receiver) == both(number)
    rows = select(Delivery).where(Delivery.webhook_id == slow.id)
    [[log]] = [one.log for one in db.session.scalars(rows) if one.log]
    assert "did not answer within 1 s" in log["error"]  # asked once
    slow = db.session.get_one(Webhook, slow.id, populate_existing=True)
    assert slow.claim_token is None and slow.rest_until is not None
    receiver.hang.clear()
    work()
    assert told(receiver) == told(another_receiver) == both(number)


def test_a_redirect_is_no_arrival(
    arena: Any, receiver: Any, hook: Any, teacher: Any, work: Any
) -> None:
    receiver.say = lambda headers, body: 302
    webhook, _ = hook(teacher)
    service.ping(teacher, webhook)
    work()
    [ping] = db.session.scalars(select(Delivery))
    assert (ping.status, ping.attempts, ping.log[0]["status"]) == ("dead", 1, 302)
    assert receiver.got == []
    # A test that fails is no failure of the webhook.
    assert db.session.get_one(Webhook, webhook.id, populate_existing=True).failures == 0


def test_without_the_setting_this_machine_is_not_asked(
    app: Any, receiver: Any, hook: Any, teacher: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(outgoing, "PORTS", {receiver.port})  # refused for where it is, not for this
    webhook, _ = hook(teacher)
    service.ping(teacher, webhook)
    assert sending.deliver(webhook.id) == 0
    [ping] = db.session.scalars(select(Delivery))
    assert ping.log[0]["error"] == "127.0.0.1 is no public address."
    assert receiver.got == []


def test_pauses_grow_and_differ_and_end_somewhere(arena: Any) -> None:
    pauses = [[sending.pause(nth) for _ in range(20)] for nth in range(1, 6)]
    for nth, some in enumerate(pauses):
        assert len(set(some)) > 10
        assert all(0.75 <= one / (0.01 * 4**nth) <= 1.25 for one in some)
    assert sending.pause(40) <= sending.LONGEST_PAUSE * 1.25


# A worker as it runs elsewhere, with this queue alone.
WORKER = """
import redis
from rq import Queue
from mlarena.app import create_app
from mlarena.core.config import load_settings
from mlarena.submissions.queues import WEBHOOKS
from mlarena.worker import ArenaWorker

settings = load_settings()
connection = redis.Redis.from_url(settings.redis)
ArenaWorker(
    create_app(settings), queues=[Queue(WEBHOOKS, connection=connection)], connection=connection
).work(logging_level="WARNING")
"""


def test_killed_while_the_receiver_keeps_it_waiting_it_is_sent_again_by_the_same_id(
    arena: Any,
    receiver: Any,
    hook: Any,
    teacher: Any,
    quiz: Any,
    user: Any,
    attempt: Any,
    work: Any,
) -> None:
    webhook, _ = hook(teacher)
    number = attempt(user, quiz)
    receiver.hang.set()
    settings = arena.extensions["settings"]
    told_to_it = {
        "MLARENA_ENV": settings.mlarena_env,
        "MLARENA_DATA": str(settings.mlarena_data),
        "SECRET_KEY": settings.key(),
        "DATABASE_URL": settings.database,
        "REDIS_URL": settings.redis,
        "OUTGOING_ALLOW": settings.outgoing_allow,
        "WEBHOOK_SECONDS": "60",
    }
    outbox.drain()
    dispatch.enqueue_owed()
    process = subprocess.Popen([sys.executable, "-c", WORKER], env={**os.environ, **told_to_it})
    try:
        headers = receiver.kept_waiting.get(timeout=60)
    finally:
        process.send_signal(signal.SIGKILL)
        process.wait(30)
    db.session.expire_all()
    [first, second] = db.session.scalars(select(Delivery).order_by(Delivery.id)).all()
    assert [(one.status, one.attempts) for one in (first, second)] == [("waiting", 0)] * 2
    receiver.hang.clear()
    work(1)
    assert receiver.got == []  # its lease is not over: it might be there still
    with freeze(utcnow() + timedelta(minutes=5)):
        work()
    assert told(receiver) == both(number)
    assert receiver.got[0][0]["webhook-id"] == headers["webhook-id"] == first.name
    assert db.session.get_one(Webhook, webhook.id, populate_existing=True).failures == 0
