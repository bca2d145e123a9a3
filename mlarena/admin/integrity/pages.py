"""Pairs that are alike, and one of them side by side."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask_login import current_user
from sqlalchemy import select

from mlarena.accounts.permissions import role_required
from mlarena.admin.integrity import reading
from mlarena.cohorts import access
from mlarena.cohorts.models import Cohort
from mlarena.core.api import page_meta
from mlarena.core.db import db
from mlarena.core.errors import Invalid

blueprint = Blueprint("integrity", __name__, url_prefix="/teach/alike")

PER_PAGE = 50
MOST_COHORTS = 200


@blueprint.get("")
@role_required("instructor")
def index() -> str:
    wanted = reading.Wanted.of(request.args)
    number = min(max(1, request.args.get("page", 1, type=int)), 10_000)
    found, total = reading.pairs(wanted, current_user, (number - 1) * PER_PAGE, PER_PAGE)
    cohorts = db.session.execute(
        select(Cohort.id, Cohort.title)
        .where(access.led_by(current_user))
        .order_by(Cohort.title)
        .limit(MOST_COHORTS)
    ).all()
    tasks, last = reading.looked_through()
    return render_template(
        "admin/alike.html",
        pairs=found,
        meta=page_meta(number, PER_PAGE, total),
        wanted=wanted,
        cohorts=cohorts,
        tasks=tasks,
        last=last,
        KINDS=reading.KINDS,
    )


@blueprint.get("/<id:pair_id>")
@role_required("instructor")
def show(pair_id: int) -> str:
    return _page(pair_id, "", [])


@blueprint.post("/<id:pair_id>/aside")
@role_required("instructor")
def set_aside(pair_id: int) -> Any:
    why = request.form.get("why", "")
    try:
        reading.set_aside(current_user, reading.find(pair_id), why)
    except Invalid as problem:
        return _page(pair_id, why[:300], problem.errors.get("why", [problem.message])), 422
    flash("It is set aside, with your reason.")
    return redirect(url_for("integrity.index"), 303)


@blueprint.post("/<id:pair_id>/take_up")
@role_required("instructor")
def take_up(pair_id: int) -> Any:
    reading.take_up(current_user, reading.find(pair_id))
    return redirect(url_for("integrity.show", pair_id=pair_id), 303)


def _page(pair_id: int, why: str, faults: list[str]) -> str:
    beside = reading.beside(reading.find(pair_id))
    return render_template("admin/alike_pair.html", beside=beside, why=why, faults=faults)
