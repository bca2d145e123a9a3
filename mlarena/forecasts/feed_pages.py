"""Where news comes from, by instructors' forms: feeds that are read by the clock, files, a pasted text."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, flash, redirect, render_template, url_for
from sqlalchemy import func, select

from mlarena.accounts.permissions import role_required
from mlarena.core.db import db
from mlarena.core.errors import Problem
from mlarena.core.security import limiter
from mlarena.core.uploads import takes_file
from mlarena.forecasts.documents import ingest
from mlarena.forecasts.documents.feeds import FeedProblem
from mlarena.forecasts.documents.models import Document, Feed
from mlarena.forecasts.forms import FeedForm, NewsFilesForm, PasteForm

blueprint = Blueprint("feeds", __name__, url_prefix="/forecasts/feeds")

# Each asks another server, which somebody else pays for.
ASK_LIMIT = "20 per minute"


@blueprint.get("")
@role_required("instructor")
def index() -> str:
    return _page()


@blueprint.post("")
@role_required("instructor")
@limiter.limit(ASK_LIMIT)
def add() -> Any:
    """Read a feed now and by the clock. What is no feed is not kept, and stands beside what was typed."""
    form = FeedForm()
    try:
        if not form.validate_on_submit():
            return _page(feed=form), 422
        feed, taken = ingest.subscribe(form.url.data)
    except Problem as problem:
        form.show(problem)
        return _page(feed=form), problem.status
    flash(f"“{feed.title or feed.url}” is read from now on: {taken.told()}.")
    return _back()


@blueprint.post("/<id:feed_id>/<any(read, remove):feed_step>")
@role_required("instructor")
@limiter.limit(ASK_LIMIT)
def change(feed_id: int, feed_step: str) -> Any:
    """Read it now, or no more: its news stay."""
    feed = ingest.find_feed(feed_id)
    if feed_step == "remove":
        ingest.remove_feed(feed)
        flash(f"{feed.title or feed.url} is read no more; its news stay.")
        return _back()
    try:
        flash(f"{feed.title or feed.url}: {ingest.read_feed(feed).told()}.")
    except FeedProblem as problem:
        flash(str(problem), "error")
    return _back()


@blueprint.post("/paste")
@role_required("instructor")
def paste() -> Any:
    form = PasteForm()
    try:
        if not form.validate_on_submit():
            return _page(paste=form), 422
        made = ingest.paste(form.title.data, form.text.data, form.address.data or None)
    except Problem as problem:
        form.show(problem)
        return _page(paste=form), problem.status
    flash(f"“{made.title}” is among the news.")
    return _back()


@blueprint.post("/files")
@takes_file("A feed or a text is seldom so large.", most=lambda: ingest.LARGEST)
@role_required("instructor")
def files() -> Any:
    """Texts and feeds; what can be taken in is, and the others are told one by one."""
    form = NewsFilesForm()
    if not form.validate_on_submit():
        return _page(files=form), 422
    wrong = []
    for one in form.news_files.data:
        try:
            taken = ingest.add_content(one.filename or "file", one.stream.read())
            flash(f"{one.filename}: {taken.told()}.")
        except FeedProblem as problem:
            wrong.append(str(problem))
    if wrong:
        form.news_files.errors = wrong
        return _page(files=form), 422
    return _back()


def _back() -> Any:
    return redirect(url_for("feeds.index"), 303)


def _page(
    feed: FeedForm | None = None,
    paste: PasteForm | None = None,
    files: NewsFilesForm | None = None,
) -> str:
    """The page in two queries; a form that was not the one sent is empty."""
    held = (
        select(Feed, func.count(Document.id))
        .outerjoin(Document, Document.feed_id == Feed.id)
        .group_by(Feed.id)
        .order_by(Feed.id)
    )
    return render_template(
        "forecasts/feeds.html",
        rows=db.session.execute(held).all(),
        feed_form=feed or FeedForm(formdata=None),
        paste_form=paste or PasteForm(formdata=None),
        files_form=files or NewsFilesForm(formdata=None),
    )
