"""The competitions' pages: what there is, one of them in its tabs, its board."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, render_template, request
from flask_login import current_user
from sqlalchemy import func, select

from mlarena.boards import service as boards
from mlarena.competitions import limits, ratings, service
from mlarena.competitions.board import CompetitionBoards, found_by_name
from mlarena.competitions.forms import PredictionsForm
from mlarena.competitions.models import Competition
from mlarena.competitions.preview import head_of
from mlarena.competitions.service import CompetitionView
from mlarena.competitions.shakeup import shakeup
from mlarena.core.api import page_meta
from mlarena.core.db import db
from mlarena.submissions import footsteps

blueprint = Blueprint("competitions", __name__, url_prefix="/competitions")

# What goes on and what is to come is shown whole, up to so many; what is over a page at a time.
MOST_OPEN = 60
PER_PAGE = 20
BOARD_ROWS = 50
FIRST_ROWS = 5
MOST_PAGES = 1_000_000
MOST_CHANGES = 100


def asker() -> Any:
    return current_user if current_user.is_authenticated else None


@blueprint.get("")
def index() -> str:
    viewer = asker()
    over = service.competitions_query("completed")
    total = db.session.scalar(select(func.count()).select_from(over.order_by(None).subquery())) or 0
    meta = page_meta(_page_wanted(), PER_PAGE, total)
    wanted = {
        "ongoing": service.competitions_query("ongoing").limit(MOST_OPEN),
        "upcoming": service.competitions_query("upcoming").limit(MOST_OPEN),
        "completed": over.offset((meta["page"] - 1) * PER_PAGE).limit(PER_PAGE),
    }
    found = [one for query in wanted.values() for one in db.session.scalars(query)]
    groups: dict[str, list[CompetitionView]] = {phase: [] for phase in wanted}
    for view in service.views(found, viewer):
        groups[view.phase].append(view)
    return render_template("competitions/index.html", groups=groups, meta=meta)


@blueprint.get("/<id:competition_id>")
def show(competition_id: int) -> str:
    view = service.view(competition_id, asker())
    footsteps.view(asker(), view.competition, view.entrant is not None)
    return page(view, "overview")


@blueprint.get("/<id:competition_id>/<any(data, evaluation, rules):tab>")
def tab(competition_id: int, tab: str) -> str:
    view = service.view(competition_id, asker())
    more: dict[str, Any] = {}
    if tab == "data" and may_see_data(view):
        more["heads"] = {file.id: head_of(file.name, file.blob) for file in view.competition.files}
    if tab == "evaluation" and may_see_data(view) and view.competition.sample_blob:
        more["sample"] = head_of("sample.csv", view.competition.sample_blob)
    return page(view, tab, **more)


@blueprint.get("/<id:competition_id>/board")
def board(competition_id: int) -> str:
    """The board a page at a time; with `q`, whose name has it."""
    viewer = asker()
    view = service.view(competition_id, viewer)
    competition = view.competition
    asked = " ".join(request.args.get("q", "").split())[:100]
    found = boards.page(competition.board(), _page_wanted(), BOARD_ROWS, viewer)
    return page(
        view,
        "board",
        board=found,
        asked=asked,
        hits=found_by_name(competition.id, asked) if asked else None,
        shakeup=shakeup(competition.id, viewer) if competition.revealed else None,
        changes=_changes(competition) if competition.revealed else [],
    )


def page(view: CompetitionView, tab: str, **more: Any) -> str:
    """One tab of a competition, with the panel beside it."""
    competition, viewer = view.competition, asker()
    own = view.entrant
    place = None
    if own is not None and viewer is not None:
        place = next(iter(CompetitionBoards().around(competition.id, viewer.id, 0)), None)
    more.setdefault("form", PredictionsForm(formdata=None))
    return render_template(
        f"competitions/{tab}.html",
        tab=tab,
        view=view,
        competition=competition,
        rule=competition.rule(),
        own=own,
        place=place,
        left=limits.remaining(competition, own.id) if own is not None else None,
        selected=service.selected(own.id) if own is not None else [],
        upload_mb=service.upload_bytes(competition) / (1 << 20),
        may_edit=viewer is not None and viewer.is_at_least("instructor"),
        **more,
    )


def may_see_data(view: CompetitionView) -> bool:
    """The data opens with the competition; whoever organises has it before."""
    viewer = asker()
    return view.phase != "upcoming" or (viewer is not None and viewer.is_at_least("instructor"))


def _changes(competition: Competition) -> list[dict[str, Any]]:
    rows = db.session.scalars(ratings.changes_query(competition.id).limit(MOST_CHANGES))
    return [ratings.shown_change(row) for row in rows]


def _page_wanted() -> int:
    return min(max(1, request.args.get("page", 1, type=int)), MOST_PAGES)
