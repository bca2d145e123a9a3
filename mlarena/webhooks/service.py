"""What owners do with their webhooks. Every verb notes itself in the audit log, and commits."""

from __future__ import annotations

import secrets
from datetime import timedelta
from typing import Any

from sqlalchemy import Select, delete, func, select, update

from mlarena.accounts import audit
from mlarena.accounts.models import User
from mlarena.core import outgoing
from mlarena.core.clock import utcnow
from mlarena.core.config import settings
from mlarena.core.db import db
from mlarena.core.errors import Conflict, Invalid, NotFound
from mlarena.submissions import outbox
from mlarena.webhooks import dispatch, signing
from mlarena.webhooks.models import EVENTS, PING, Delivery, Webhook

MOST = 20
NAME = 64
NONE = "There is no such webhook of yours."


def mine(viewer: User) -> Select[Webhook]:
    """One's own; an admin's view is everybody's."""
    query = select(Webhook).order_by(Webhook.id)
    return query if viewer.is_at_least("admin") else query.where(Webhook.owner_id == viewer.id)


def find(webhook_id: int, viewer: User) -> Webhook:
    """Raises NotFound for what is somebody else's."""
    found = db.session.get(Webhook, webhook_id, populate_existing=True)
    if found is None or not (found.owner_id == viewer.id or viewer.is_at_least("admin")):
        raise NotFound(NONE)
    return found


def create(owner: User, fields: dict[str, Any]) -> tuple[Webhook, str]:
    """The webhook and its secret, which nothing shows again. It is told what happens from now on."""
    given = _checked(fields)
    held = select(func.count()).select_from(Webhook).where(Webhook.owner_id == owner.id)
    if (db.session.scalar(held) or 0) >= MOST:
        raise Conflict(f"You have {MOST} webhooks. Delete one that you no longer use.")
    webhook = Webhook(owner_id=owner.id, salt=_salt(), position=outbox.ends()[1], **given)
    db.session.add(webhook)
    db.session.flush()
    audit.note(owner, "webhook.create", f"webhook:{webhook.id}", url=webhook.url)
    db.session.commit()
    return webhook, signing.secret(webhook)


def change(actor: User, webhook: Webhook, fields: dict[str, Any]) -> None:
    """Its name, address or events."""
    known = {"name": webhook.name, "url": webhook.url, "events": webhook.events}
    for name, value in _checked(known | fields).items():
        setattr(webhook, name, value)
    audit.note(actor, "webhook.change", f"webhook:{webhook.id}", url=webhook.url)
    db.session.commit()


def rotate(actor: User, webhook: Webhook) -> str:
    """A new secret; the one of before signs beside it for a day."""
    webhook.old_salt, webhook.salt, webhook.rotated_at = webhook.salt, _salt(), utcnow()
    audit.note(actor, "webhook.rotate", f"webhook:{webhook.id}")
    db.session.commit()
    return signing.secret(webhook)


def turn(actor: User, webhook: Webhook, on: bool) -> None:
    """On: at once, whatever it rests for. From dead it goes on where it was, from off with what comes."""
    if on:
        if webhook.state == "off":
            webhook.position = outbox.ends()[1]
        webhook.failures, webhook.rest_until = 0, None
        db.session.execute(
            update(Delivery)
            .where(Delivery.webhook_id == webhook.id, Delivery.status == "waiting")
            .values(due_at=utcnow())
        )
    webhook.state = "on" if on else "off"
    audit.note(actor, f"webhook.{webhook.state}", f"webhook:{webhook.id}")
    db.session.commit()
    if on:
        dispatch.enqueue(webhook.id)


def remove(actor: User, webhook: Webhook) -> None:
    audit.note(actor, "webhook.delete", f"webhook:{webhook.id}", url=webhook.url)
    db.session.delete(webhook)
    db.session.commit()


def ping(actor: User, webhook: Webhook) -> Delivery:
    """A test message, tried once and at once."""
    _needs_on(webhook)
    sent = Delivery(webhook_id=webhook.id, name=f"ping_{secrets.token_hex(16)}", kind=PING)
    db.session.add(sent)
    audit.note(actor, "webhook.ping", f"webhook:{webhook.id}")
    db.session.commit()
    dispatch.enqueue(webhook.id)
    return sent


def delivery(webhook: Webhook, delivery_id: int) -> Delivery:
    found = db.session.get(Delivery, delivery_id, populate_existing=True)
    if found is None or found.webhook_id != webhook.id:
        raise NotFound("There is no such delivery.")
    return found


def replay(actor: User, webhook: Webhook, delivery_id: int) -> Delivery:
    """The same message, with the same id, once more: as if it had never been tried."""
    _needs_on(webhook)
    again = delivery(webhook, delivery_id)
    again.status, again.attempts, again.finished_at = "waiting", 0, None
    again.due_at = utcnow()
    webhook.rest_until = None
    audit.note(actor, "webhook.replay", f"webhook:{webhook.id}", message=again.name)
    db.session.commit()
    dispatch.enqueue(webhook.id)
    return again


def replay_dead(actor: User, webhook: Webhook) -> int:
    """Every message that did not get through, once more."""
    _needs_on(webhook)
    again = db.session.execute(
        update(Delivery)
        .where(Delivery.webhook_id == webhook.id, Delivery.status == "dead", Delivery.kind != PING)
        .values(status="waiting", attempts=0, due_at=utcnow(), finished_at=None)
        .execution_options(synchronize_session=False)
    )
    count: int = again.rowcount  # type: ignore[attr-defined]
    webhook.rest_until = None
    audit.note(actor, "webhook.replay", f"webhook:{webhook.id}", messages=count)
    db.session.commit()
    dispatch.enqueue(webhook.id)
    return count


def clean() -> int:
    """Old pings go. The other messages go with their events."""
    until = utcnow() - timedelta(days=settings().events_days)
    gone = db.session.execute(
        delete(Delivery)
        .where(Delivery.event_id.is_(None), Delivery.created_at < until)
        .execution_options(synchronize_session=False)
    )
    db.session.commit()
    return int(gone.rowcount)  # type: ignore[attr-defined]


def _needs_on(webhook: Webhook) -> None:
    if webhook.state != "on":
        raise Conflict("This webhook is not on. Turn it on first.")


def _salt() -> str:
    return secrets.token_hex(16)


def _checked(fields: dict[str, Any]) -> dict[str, Any]:
    """Raises Invalid naming every field at fault. Where the address leads is looked at when it is asked."""
    errors: dict[str, list[str]] = {}
    name, url = str(fields["name"]).strip(), str(fields["url"]).strip()
    if not name or len(name) > NAME or not name.isprintable():
        errors["name"] = [f"A name of 1 to {NAME} characters, please."]
    try:
        outgoing.read_address(url)
    except outgoing.Refused as refused:
        errors["url"] = [str(refused)]
    events = [one for one in EVENTS if one in fields["events"]]
    if not events or set(fields["events"]) - set(EVENTS):
        errors["events"] = [f"Choose at least one of {', '.join(EVENTS)}."]
    if errors:
        raise Invalid("Some of the values are not right.", errors)
    return {"name": name, "url": url, "events": events}
