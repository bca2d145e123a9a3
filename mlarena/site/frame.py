"""What stands around every page: the wings, the reader's standing, day or night."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from apiflask import APIFlask
from flask import Blueprint, current_app, g, redirect, request, url_for
from flask_login import current_user
from sqlalchemy import Integer, bindparam, func, select
from werkzeug.wrappers import Response

from mlarena.accounts.identity import own_next
from mlarena.core.clock import utcnow
from mlarena.core.config import settings
from mlarena.core.db import db
from mlarena.core.errors import Malformed
from mlarena.notifications.service import UNREAD
from mlarena.rewards.levels import UserLevel, user_level
from mlarena.rewards.models import LearnerTotals
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
    def here(self) -> str:
        """What `aria-current` says of its link: "page", "true" for a page below it, or ""."""
        if request.endpoint == self.endpoint:
            return "page"
        if request.blueprint == self.endpoint.partition(".")[0]:
            return "true"
        # A wing's pages may be of several blueprints, below one address.
        [rule, *_] = current_app.url_map.iter_rules(self.endpoint)
        return "true" if request.path.startswith(f"{rule.rule}/") else ""


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
    unread: int


# Asked with every page of somebody signed in, who may have earned nothing yet: one row, built once.
# Of the table itself: an entity's columns take the mapper's way, which is longer than the reading.
_asker = select(bindparam("user_id", type_=Integer).label("id")).subquery()
_totals: Any = LearnerTotals.__table__
_OWN = select(
    func.coalesce(_totals.c.xp, 0).label("xp"),
    _totals.c.current_streak,
    _totals.c.last_active_day,
    _totals.c.freezes,
    UNREAD.scalar_subquery().label("unread"),
).select_from(_asker.outerjoin(_totals, _totals.c.user_id == _asker.c.id))


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


def navigation(anyones: bool = False) -> tuple[tuple[str, str, str], ...]:
    """`wings` as the header draws them: (word, endpoint, what is said of where one is)."""
    return tuple((wing.word, wing.endpoint, wing.here) for wing in wings(anyones))


def own_standing() -> Standing | None:
    """XP, level, streak and what is unread of whoever is signed in, read once a request."""
    user = current_user._get_current_object()
    if not user.is_authenticated:
        return None
    if "own_standing" not in g:
        own: Any = db.session.execute(_OWN, {"user_id": user.id}).one()
        streak = streak_today(own, local_day(utcnow(), user.timezone)) if user.streak_shown else 0
        g.own_standing = Standing(own.xp, user_level(own.xp), streak, own.unread)
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
        navigation=navigation,
        has_page=has_page,
        own_standing=own_standing,
        theme=theme,
        degraded=Banner().degraded,
    )
