"""The front page, the API's documents, and what search engines are told."""

from __future__ import annotations

from apiflask import APIFlask
from flask import Blueprint, Response, g, render_template, url_for
from flask_login import current_user

from mlarena.accounts.models import User
from mlarena.boards import service as boards
from mlarena.core.clock import utcnow
from mlarena.core.db import db
from mlarena.quests import service as quests
from mlarena.quests.catalogue import published
from mlarena.rewards import service as rewards
from mlarena.rewards.levels import user_level
from mlarena.rewards.streaks import local_day, streak_today
from mlarena.site.health import Banner
from mlarena.site.next_step import next_step
from mlarena.submissions.listing import submissions_query

blueprint = Blueprint("site", __name__)

FIRST_ROWS = 10
AROUND = 3
RECENT = 5


def init_pages(app: APIFlask) -> None:
    app.register_blueprint(blueprint)
    app.add_template_global(own_xp)
    app.add_template_global(Banner().degraded, "degraded")


def own_xp() -> int:
    """The XP of whoever is signed in, read once a request."""
    if not current_user.is_authenticated:
        return 0
    if "own_xp" not in g:
        g.own_xp = rewards.xp_of(current_user.id)
    xp: int = g.own_xp
    return xp


@blueprint.get("/")
def home() -> str:
    if current_user.is_authenticated:
        return _home_of(current_user)
    return render_template("site/welcome.html", board=boards.page("global", 1, FIRST_ROWS))


def _home_of(user: User) -> str:
    totals = rewards.totals_of(user.id)
    views = quests.views(published().values(), user)
    return render_template(
        "site/home.html",
        step=next_step(views),
        any_quest=bool(views),
        xp=totals.xp,
        level=user_level(totals.xp),
        streak=streak_today(totals, local_day(utcnow(), user.timezone)),
        longest=totals.longest_streak,
        around=boards.around("global", user.id, AROUND),
        submissions=list(db.session.scalars(submissions_query(user_id=user.id).limit(RECENT))),
    )


@blueprint.get("/api/docs")
def api_docs() -> str:
    return render_template("site/api_docs.html")


@blueprint.get("/robots.txt")
def robots() -> Response:
    """The front page, quests and boards may be found; people's profiles and the API need not."""
    closed = ("/api/", "/users/", "/submissions", "/auth/", url_for("metrics.metrics"))
    lines = ["User-agent: *", *(f"Disallow: {path}" for path in closed)]
    return Response("\n".join(lines) + "\n", mimetype="text/plain")
