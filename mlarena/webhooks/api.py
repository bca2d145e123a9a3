"""The webhooks' JSON door."""

from __future__ import annotations

from typing import Literal

from flask import Response
from flask_login import current_user
from pydantic import Field
from sqlalchemy import select

from mlarena.accounts.permissions import role_required
from mlarena.core.api import Body, PageQuery, api_blueprint, ok, paged
from mlarena.webhooks import service
from mlarena.webhooks.limits import limit_pings, limit_replays
from mlarena.webhooks.models import Delivery

blueprint = api_blueprint("webhooks", "Webhooks")
Answer = tuple[Response, int]
Event = Literal["job-init", "job-completed"]


class WebhookIn(Body):
    name: str = Field(min_length=1, max_length=64)
    url: str = Field(min_length=1, max_length=2000)
    events: list[Event] = Field(min_length=1, max_length=2)


class WebhookChange(Body):
    name: str | None = Field(None, min_length=1, max_length=64)
    url: str | None = Field(None, min_length=1, max_length=2000)
    events: list[Event] | None = Field(None, min_length=1, max_length=2)
    on: bool | None = None


@blueprint.get("/webhooks")
@role_required("instructor")
@blueprint.input(PageQuery, location="query")
def list_webhooks(query_data: PageQuery) -> Answer:
    """One's own webhooks; everybody's for admins."""
    return paged(service.mine(current_user), query_data, lambda webhook: webhook.shown())


@blueprint.post("/webhooks")
@role_required("instructor")
@blueprint.input(WebhookIn, location="json")
def create(json_data: WebhookIn) -> Answer:
    """Be told of events from now on. `secret` is in this answer alone."""
    webhook, secret = service.create(current_user, json_data.model_dump())
    return ok(webhook.shown() | {"secret": secret}, 201)


@blueprint.get("/webhooks/<id:webhook_id>")
@role_required("instructor")
def show(webhook_id: int) -> Answer:
    """`state` is on, off, or dead: given up after too many failures in a row."""
    return ok(service.find(webhook_id, current_user).shown())


@blueprint.patch("/webhooks/<id:webhook_id>")
@role_required("instructor")
@blueprint.input(WebhookChange, location="json")
def change(webhook_id: int, json_data: WebhookChange) -> Answer:
    """Its name, address and events, and whether it is on. A dead one that is turned on goes on
    where it was."""
    webhook = service.find(webhook_id, current_user)
    fields = json_data.model_dump(exclude_none=True)
    on = fields.pop("on", None)
    if fields:
        service.change(current_user, webhook, fields)
    if on is not None:
        service.turn(current_user, webhook, on)
    return ok(webhook.shown())


@blueprint.delete("/webhooks/<id:webhook_id>")
@role_required("instructor")
def delete(webhook_id: int) -> Answer:
    """It goes with its log."""
    service.remove(current_user, service.find(webhook_id, current_user))
    return ok(None)


@blueprint.post("/webhooks/<id:webhook_id>/secret")
@role_required("instructor")
def rotate(webhook_id: int) -> Answer:
    """A new secret, in this answer alone. The old one signs beside it for a day."""
    webhook = service.find(webhook_id, current_user)
    secret = service.rotate(current_user, webhook)
    return ok(webhook.shown() | {"secret": secret})


@blueprint.post("/webhooks/<id:webhook_id>/ping")
@limit_pings
@role_required("instructor")
@blueprint.doc(responses={202: "The delivery"})
def ping(webhook_id: int) -> Answer:
    """A test message, tried once and at once. 409 where the webhook is not on."""
    webhook = service.find(webhook_id, current_user)
    return ok(service.ping(current_user, webhook).shown(), 202)


@blueprint.get("/webhooks/<id:webhook_id>/deliveries")
@role_required("instructor")
@blueprint.input(PageQuery, location="query")
def list_deliveries(webhook_id: int, query_data: PageQuery) -> Answer:
    """What was sent, the latest first, with what came of the last attempts."""
    webhook = service.find(webhook_id, current_user)
    query = select(Delivery).where(Delivery.webhook_id == webhook.id).order_by(Delivery.id.desc())
    return paged(query, query_data, lambda delivery: delivery.shown())


@blueprint.post("/webhooks/<id:webhook_id>/deliveries/<id:delivery_id>/replay")
@limit_replays
@role_required("instructor")
@blueprint.doc(responses={202: "The delivery"})
def replay(webhook_id: int, delivery_id: int) -> Answer:
    """The same message, with the same id, once more. 409 where the webhook is not on."""
    webhook = service.find(webhook_id, current_user)
    return ok(service.replay(current_user, webhook, delivery_id).shown(), 202)
