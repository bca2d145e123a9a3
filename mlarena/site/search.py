"""Finding tasks, people and pages: the command palette's door, and the page that does the same."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from apiflask import APIFlask
from flask import Blueprint, Response, render_template, request, url_for
from flask_login import current_user
from pydantic import Field

from mlarena.accounts import people
from mlarena.core.api import Strict, api_blueprint, documented, ok
from mlarena.core.search import LONGEST, Hit, find, fold, rank, tell_search
from mlarena.core.security import limiter
from mlarena.site.frame import has_page, wings

blueprint = Blueprint("search", __name__)
api = api_blueprint("search", "Search")

# Typing in the palette asks a few times a second; who copies the list of people asks for longer.
LIMIT = "120 per minute"
# In the order they are shown in, and how many of each.
GROUPS = {"tasks": 8, "people": 6, "pages": 6}


@dataclass(frozen=True)
class Place:
    """A page that is no wing. `words` are what else one might look for it by."""

    word: str
    endpoint: str
    words: str
    for_members: bool = True


PLACES = (
    Place("Home", "site.home", "start next", for_members=False),
    Place("Your submissions", "submissions.index", "attempts history verdicts"),
    Place("This week’s board", "boards.weekly", "leaderboard weekly", for_members=False),
    Place("Your forecasts", "forecasting.mine", "history calibration matches csv"),
    Place(
        "How good the house is", "forecasts.house", "forecasts model analytics", for_members=False
    ),
    Place("Settings", "accounts.settings", "profile password token time zone delete account"),
    Place("API", "site.api_docs", "documentation openapi scripts", for_members=False),
)
PLACES_FOR_GUESTS = (
    Place("Log in", "accounts.login", "sign in"),
    Place("Register", "accounts.register", "sign up join account"),
)

EXAMPLE = {
    "tasks": [
        {
            "title": "Linear Regression Challenge",
            "detail": "Quest · First steps · 100 XP",
            "url": "/quests/1",
        }
    ],
    "people": [],
    "pages": [],
}


class SearchQuery(Strict):
    q: str = Field("", max_length=LONGEST, description="What to look for; empty: the pages")


@api.get("/search")
@limiter.limit(LIMIT)
@api.input(SearchQuery, location="query")
@api.doc(
    summary="Find tasks, people and pages",
    description="The best few of each group. People are found by the beginning of their user name.",
    responses=documented(200, EXAMPLE),
)
def search(query_data: SearchQuery) -> tuple[Response, int]:
    groups = found(query_data.q)
    return ok({group: [hit.shown() for hit in hits] for group, hits in groups.items()})


@blueprint.get("/search")
@limiter.limit(LIMIT)
def show() -> str:
    asked = request.args.get("q", "")[:LONGEST].strip()
    return render_template("site/search.html", asked=asked, groups=found(asked))


def found(asked: str) -> dict[str, list[Hit]]:
    """What `asked` finds for the reader, by group. Nothing asked: the pages, to begin with."""
    if not fold(asked):
        return {"tasks": [], "people": [], "pages": find("pages", "", _reader(), 16)}
    return {group: find(group, asked, _reader(), most) for group, most in GROUPS.items()}


def _reader() -> Any:
    return current_user if current_user.is_authenticated else None


def find_people(asked: str, viewer: Any) -> Iterator[Hit]:
    for user in people.named(asked, viewer, GROUPS["people"]):
        yield Hit(user.username, "", url_for("profiles.show", user_id=user.id), key=user.id)


def find_pages(asked: str, viewer: Any) -> Iterator[Hit]:
    for wing in wings():
        place = rank(asked, wing.word)
        if place is not None:
            yield Hit(wing.word, "", url_for(wing.endpoint), place)
    if viewer is not None and rank(asked, "Your profile", "badges streak xp") is not None:
        yield Hit("Your profile", "", url_for("profiles.show", user_id=viewer.id), 1)
    for page in PLACES if viewer is not None else (*PLACES, *PLACES_FOR_GUESTS):
        place = rank(asked, page.word, page.words)
        if place is None or not has_page(page.endpoint):
            continue
        if viewer is not None or not page.for_members or page in PLACES_FOR_GUESTS:
            yield Hit(page.word, "", url_for(page.endpoint), place)


def init_search(app: APIFlask) -> None:
    tell_search("people", find_people)
    tell_search("pages", find_pages)
    app.register_blueprint(blueprint)
    app.register_blueprint(api)
