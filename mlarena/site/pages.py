"""The front page, the API's documents, and what search engines are told."""

from __future__ import annotations

from apiflask import APIFlask
from flask import Blueprint, Response, render_template, url_for
from flask_login import current_user

from mlarena.accounts.models import User
from mlarena.activity import service as activity
from mlarena.boards import service as boards
from mlarena.competitions import service as competitions
from mlarena.core.clock import utcnow
from mlarena.forecasts import own as forecasting
from mlarena.quests import service as quests
from mlarena.quests.catalogue import published
from mlarena.rewards import service as rewards
from mlarena.rewards.levels import user_level
from mlarena.rewards.streaks import local_day, streak_today
from mlarena.site import visits
from mlarena.site.next_step import next_step
from mlarena.site.since import since
from mlarena.submissions.listing import lines

blueprint = Blueprint("site", __name__)

FIRST_ROWS = 10
# Of the board around oneself: so many rows are shown, and in so many who passed is looked for.
LEAGUE = 3
RIVALS = 50
STREAK_DAYS = 14
RECENT = 5
COMPETITIONS = 3


def init_pages(app: APIFlask) -> None:
    app.register_blueprint(blueprint)


@blueprint.get("/")
def home() -> str:
    if current_user.is_authenticated:
        return _home_of(current_user)
    return render_template("site/welcome.html", board=boards.page("global", 1, FIRST_ROWS))


def _home_of(user: User) -> str:
    now = utcnow()
    views = quests.views(published().values(), user)
    near = boards.league("global", user, RIVALS)
    last = visits.look(user, now, near.me.rank if near and near.me else None)
    totals = rewards.totals_of(user.id)
    return render_template(
        "site/home.html",
        step=next_step(views),
        any_quest=bool(views),
        since=since(user, last, near) if last else None,
        totals=totals,
        level=user_level(totals.xp),
        streak=streak_today(totals, local_day(now, user.timezone)),
        days=rewards.calendar(user, now, STREAK_DAYS) if user.streak_shown else [],
        league=near.closer(LEAGUE) if near else None,
        competitions=competitions.going_on(user, COMPETITIONS),
        submissions=lines(user.id, RECENT),
        match=forecasting.next_match(user.id),
        feed_lines=activity.latest(),
    )


@blueprint.get("/api/docs")
def api_docs() -> str:
    return render_template("site/api_docs.html")


@blueprint.get("/robots.txt")
def robots() -> Response:
    """The front page, quests and boards may be found; people's profiles and the API need not.

    What asks for a login needs no line: who comes without one is led to the login page, which names
    itself as the one page that all those addresses lead to (`rel=canonical`). A line here would keep
    nobody out, and would have those who may read a page told that it must not be.
    """
    closed = ("/api/", "/users/", "/auth/", url_for("metrics.metrics"))
    lines = ["User-agent: *", *(f"Disallow: {path}" for path in closed)]
    return Response("\n".join(lines) + "\n", mimetype="text/plain")
