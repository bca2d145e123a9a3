"""What stands around every page: the wings, the reader's standing, day or night."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from apiflask import APIFlask
from flask import Blueprint, current_app, g, redirect, request, url_for
from flask_login import current_user
from werkzeug.wrappers import Response

from mlarena.accounts.identity import own_next
from mlarena.core.clock import utcnow
from mlarena.core.config import settings
from mlarena.core.errors import Malformed
from mlarena.rewards import service as rewards
from mlarena.rewards.levels import UserLevel, user_level
from mlarena.rewards.streaks import local_day, streak_today
from mlarena.site.health import Banner

blueprint = Blueprint("frame", __name__)

THEMES = ("light", "dark")
THEME_COOKIE = "theme"
A_YEAR = 365 * 24 * 3600


@dataclass(frozen=True)
class Wing:
    """A part of the arena, as the navigation names it. `role`: who finds it there."""

    word: str
    endpoint: str
    icon: str
    role: Literal["anyone", "instructor", "admin"] = "anyone"

    @property
    def here(self) -> bool:
        if request.blueprint == self.endpoint.partition(".")[0]:
            return True
        # A wing's pages may be of several blueprints, below one address.
        return f"{request.script_root}{request.path}".startswith(f"{url_for(self.endpoint)}/")


# In the order of the navigation. A wing stands in it from the day its page is there.
WINGS = (
    Wing("Quests", "quests.index", "map"),
    Wing("Challenges", "challenges.index", "terminal"),
    Wing("Competitions", "competitions.index", "trophy"),
    Wing("Forecasts", "forecasts.index", "trending-up"),
    Wing("Boards", "boards.index", "medal"),
    Wing("Teach", "admin.home", "graduation-cap", "instructor"),
)


@dataclass(frozen=True)
class Standing:
    """What the header says of whoever is signed in. The streak is 0 for who does not want to see it."""

    xp: int
    level: UserLevel
    streak: int


def wings(anyones: bool = False) -> list[Wing]:
    """The wings that are there, for this reader; `anyones`: without asking who that is."""
    return [
        wing
        for wing in WINGS
        if wing.endpoint in current_app.view_functions
        and (wing.role == "anyone" or (not anyones and _may_enter(wing.role)))
    ]


def _may_enter(role: str) -> bool:
    return bool(current_user.is_authenticated and current_user.is_at_least(role))


def has_page(endpoint: str) -> bool:
    return endpoint in current_app.view_functions


def own_standing() -> Standing | None:
    """XP, level and streak of whoever is signed in, read once a request."""
    if not current_user.is_authenticated:
        return None
    if "own_standing" not in g:
        totals = rewards.totals_of(current_user.id)
        streak = 0
        if current_user.streak_shown:
            streak = streak_today(totals, local_day(utcnow(), current_user.timezone))
        g.own_standing = Standing(totals.xp, user_level(totals.xp), streak)
    standing: Standing = g.own_standing
    return standing


def theme() -> str:
    """What the reader chose by hand: "light", "dark", or "" for what their system says."""
    chosen = request.cookies.get(THEME_COOKIE, "")
    return chosen if chosen in THEMES else ""


@blueprint.post("/theme")
def choose_theme() -> Response:
    """theme.js does this in the browser; without scripts the buttons come here."""
    chosen = request.form.get("theme", "")
    if chosen not in ("", *THEMES):
        raise Malformed("Choose light, dark, or neither.")
    answer = redirect(own_next(request.form.get("next")) or url_for("site.home"), 303)
    if not chosen:
        answer.delete_cookie(THEME_COOKIE)
        return answer
    # Not HttpOnly: theme.js changes it without asking. It holds one of two words.
    answer.set_cookie(
        THEME_COOKIE, chosen, max_age=A_YEAR, samesite="Lax", secure=settings().production
    )
    return answer


def init_frame(app: APIFlask) -> None:
    app.register_blueprint(blueprint)
    app.jinja_env.globals.update(
        wings=wings,
        has_page=has_page,
        own_standing=own_standing,
        theme=theme,
        degraded=Banner().degraded,
    )
