"""Webhooks in the console: make one, see what was sent and what came back, send it again."""

from __future__ import annotations

import json
from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask_login import current_user
from sqlalchemy import func, select

from mlarena.accounts.permissions import role_required
from mlarena.core.api import page_meta
from mlarena.core.db import db
from mlarena.core.errors import Conflict, Problem
from mlarena.webhooks import sending, service
from mlarena.webhooks.forms import WebhookForm
from mlarena.webhooks.limits import limit_ping_step, limit_replay_step, limit_replays
from mlarena.webhooks.models import PING, Delivery, Webhook

blueprint = Blueprint("webhooks", __name__, url_prefix="/teach/webhooks")

PER_PAGE = 50


@blueprint.get("")
@role_required("instructor")
def index() -> str:
    number, mine = _page(), service.mine(current_user)
    total = db.session.scalar(select(func.count()).select_from(mine.order_by(None).subquery())) or 0
    found = db.session.scalars(mine.offset((number - 1) * PER_PAGE).limit(PER_PAGE)).all()
    counts = db.session.execute(
        select(Delivery.webhook_id, Delivery.status, func.count())
        .where(Delivery.webhook_id.in_([one.id for one in found]))
        .where(Delivery.status != "delivered")
        .group_by(Delivery.webhook_id, Delivery.status)
    ).all()
    return render_template(
        "webhooks/index.html",
        webhooks=found,
        counts={(webhook_id, status): count for webhook_id, status, count in counts},
        meta=page_meta(number, PER_PAGE, total),
    )


@blueprint.route("/new", methods=["GET", "POST"])
@role_required("instructor")
def new() -> Any:
    if request.method == "GET":
        return render_template("webhooks/new.html", form=WebhookForm(formdata=None))
    form = WebhookForm()
    try:
        if not form.validate_on_submit():
            return render_template("webhooks/new.html", form=form), 422
        webhook, secret = service.create(current_user, form.fields())
    except Problem as problem:
        form.show(problem)
        return render_template("webhooks/new.html", form=form), problem.status
    return render_template("webhooks/secret.html", webhook=webhook, secret=secret), 201


@blueprint.route("/<id:webhook_id>", methods=["GET", "POST"])
@role_required("instructor")
def show(webhook_id: int) -> Any:
    webhook = service.find(webhook_id, current_user)
    if request.method == "GET":
        return _shown(webhook, WebhookForm(formdata=None).show_of(webhook))
    form = WebhookForm()
    try:
        if not form.validate_on_submit():
            return _shown(webhook, form), 422
        service.change(current_user, webhook, form.fields())
    except Problem as problem:
        form.show(problem)
        return _shown(webhook, form), problem.status
    flash("Saved.")
    return _to(webhook_id)


@blueprint.post("/<id:webhook_id>/<any(ping, rotate, on, off, delete, replay):webhook_step>")
@limit_ping_step
@limit_replay_step
@role_required("instructor")
def take_step(webhook_id: int, webhook_step: str) -> Any:
    webhook = service.find(webhook_id, current_user)
    try:
        if webhook_step == "rotate":
            secret = service.rotate(current_user, webhook)
            return render_template("webhooks/secret.html", webhook=webhook, secret=secret)
        if webhook_step == "delete":
            service.remove(current_user, webhook)
            flash(f"“{webhook.name}” is gone.")
            return redirect(url_for("webhooks.index"), 303)
        if webhook_step == "ping":
            service.ping(current_user, webhook)
            flash("A test message is on its way. Look again in a moment.")
        elif webhook_step == "replay":
            count = service.replay_dead(current_user, webhook)
            flash(f"{count:,} message{'' if count == 1 else 's'} will be sent once more.")
        else:
            service.turn(current_user, webhook, webhook_step == "on")
    except Conflict as problem:
        flash(problem.message, "error")
    return _to(webhook_id)


@blueprint.get("/<id:webhook_id>/deliveries/<id:delivery_id>")
@role_required("instructor")
def show_delivery(webhook_id: int, delivery_id: int) -> str:
    """The message as it is sent, and what came of each attempt."""
    webhook = service.find(webhook_id, current_user)
    delivery = service.delivery(webhook, delivery_id)
    body = json.dumps(json.loads(sending.message(delivery)), indent=2, ensure_ascii=False)
    return render_template("webhooks/delivery.html", webhook=webhook, delivery=delivery, body=body)


@blueprint.post("/<id:webhook_id>/deliveries/<id:delivery_id>/replay")
@limit_replays
@role_required("instructor")
def replay(webhook_id: int, delivery_id: int) -> Any:
    webhook = service.find(webhook_id, current_user)
    try:
        service.replay(current_user, webhook, delivery_id)
        flash("It is on its way once more.")
    except Conflict as problem:
        flash(problem.message, "error")
    return redirect(
        url_for("webhooks.show_delivery", webhook_id=webhook_id, delivery_id=delivery_id), 303
    )


def _page() -> int:
    return min(max(1, request.args.get("page", 1, type=int)), 10_000)


def _shown(webhook: Webhook, form: WebhookForm) -> str:
    number = _page()
    sent = select(Delivery).where(Delivery.webhook_id == webhook.id)
    total = db.session.scalar(select(func.count()).select_from(sent.subquery())) or 0
    deliveries = db.session.scalars(
        sent.order_by(Delivery.id.desc()).offset((number - 1) * PER_PAGE).limit(PER_PAGE)
    ).all()
    dead = db.session.scalar(
        select(func.count()).where(
            Delivery.webhook_id == webhook.id, Delivery.status == "dead", Delivery.kind != PING
        )
    )
    return render_template(
        "webhooks/show.html",
        webhook=webhook,
        form=form,
        deliveries=deliveries,
        dead=dead,
        meta=page_meta(number, PER_PAGE, total),
    )


def _to(webhook_id: int) -> Any:
    return redirect(url_for("webhooks.show", webhook_id=webhook_id), 303)
