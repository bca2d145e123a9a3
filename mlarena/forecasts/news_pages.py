"""News: what was taken in of feeds, files and by hand, searched."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, render_template, request
from sqlalchemy import func, select

from mlarena.core.api import LARGEST_ID, page_meta
from mlarena.core.db import db
from mlarena.forecasts import service
from mlarena.forecasts.documents import search
from mlarena.forecasts.documents.models import Document, DocumentTeam

blueprint = Blueprint("news", __name__, url_prefix="/forecasts")

PER_PAGE = 15
MOST_PAGES = 1000
LONGEST = 200


@blueprint.get("/news")
def index() -> str:
    """What `?q=` finds, the best first; without it the latest. `?team=` of what names a team."""
    asked = " ".join(request.args.get("q", "").split())[:LONGEST]
    team_id = request.args.get("team", 0, type=int)
    team = service.find_team(team_id) if 0 < team_id <= LARGEST_ID else None
    page = min(max(1, request.args.get("page", 1, type=int)), MOST_PAGES)
    start = (page - 1) * PER_PAGE
    if asked:
        rows, total = search.search(asked, start, PER_PAGE, team.id if team else None)
    else:
        rows, total = _latest(start, team.id if team else None)
    meta = page_meta(page, PER_PAGE, total)
    return render_template("forecasts/news.html", asked=asked, team=team, rows=rows, meta=meta)


def _latest(start: int, team_id: int | None) -> tuple[list[dict[str, Any]], int]:
    query = select(Document.id)
    if team_id is not None:
        named = select(DocumentTeam.document_id).where(DocumentTeam.team_id == team_id)
        query = query.where(Document.id.in_(named))
    total = db.session.scalar(select(func.count()).select_from(query.subquery())) or 0
    newest = query.order_by(Document.published_at.desc(), Document.id.desc())
    ids = db.session.scalars(newest.offset(start).limit(PER_PAGE)).all()
    return search.shown(ids), total
