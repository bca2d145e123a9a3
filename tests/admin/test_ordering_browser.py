"""In a real browser: what has an order is put in another one, by dragging a row and by keyboard alone."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import select

from mlarena.challenges import authoring
from mlarena.challenges.models import Category, Challenge
from mlarena.cohorts import assignments
from mlarena.cohorts import service as cohorts
from mlarena.cohorts.models import Assignment
from mlarena.core.db import db
from mlarena.quests.models import Quest
from mlarena.rewards.models import Level
from tests.live.watcher import served

# pure: what is asked is the browser, once is enough
pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.pure]

NAMES = ["Alpha", "Beta", "Gamma"]
BY: dict[str, tuple[Any, Any]] = {
    "categories": (Category.name, Category.position),
    "levels": (Level.name, Level.order),
    "challenges": (Challenge.title, Challenge.position),
    "quests": (Quest.title, Quest.position),
    "assignments": (Assignment.title, Assignment.position),
}


@pytest.fixture
def address(make_user: Any, make_quest: Any) -> Any:
    """address(kind) -> the page of a list of three, and who may order it."""

    def make(kind: str) -> tuple[str, Any]:
        grace = make_user("grace", role="instructor")
        question = {"kind": "number", "prompt": "1?", "answer": 1}
        cohort = cohorts.create(grace, {"title": "A class"})
        for place, name in enumerate(NAMES):
            slug = name.lower()
            if kind == "categories":
                db.session.add(Category(slug=slug, name=name, position=place))
            elif kind == "levels":
                db.session.add(Level(slug=slug, name=name, order=place, required_xp=0))
            elif kind == "quests":
                make_quest(slug=slug, title=name, position=place)
            else:
                fields = {"name": name, "position": place, "questions": [question]}
                quiz = authoring.create(grace, "knowledge", fields, True)
                if kind == "assignments":
                    assignments.create(grace, cohort, {"title": name}, {quiz.id: 1.0})
        db.session.commit()
        page = f"/teach/cohorts/{cohort.id}" if kind == "assignments" else f"/teach/lists/{kind}"
        return page, grace

    return make


def ordered(kind: str) -> list[str]:
    db.session.expire_all()
    db.session.commit()
    name, place = BY[kind]
    return list(db.session.scalars(select(name).order_by(place)))


@pytest.mark.parametrize("kind", BY)
def test_by_dragging_and_by_keyboard(
    app: Any, chromium: Any, signed_in: Any, address: Any, kind: str
) -> None:
    path, grace = address(kind)
    assert ordered(kind) == NAMES
    with served(app) as url:
        context = chromium.new_context(base_url=url)
        context.set_default_timeout(30_000)
        cookie = signed_in(grace).get_cookie("session")
        context.add_cookies([{"name": "session", "value": cookie.value, "url": url}])
        page = context.new_page()
        page.goto(path)
        table = page.locator("table[data-order]")
        rows = table.locator("tbody tr")
        height = rows.first.bounding_box()["height"]
        with page.expect_response(lambda answer: answer.url.endswith("/order")) as sent:
            rows.filter(has_text="Gamma").locator("td").nth(1).drag_to(
                rows.filter(has_text="Alpha"),
                target_position={"x": 12, "y": height * 0.2},
            )
        assert sent.value.status == 303
        assert ordered(kind) == ["Gamma", "Alpha", "Beta"]
        page.goto(path)
        up = rows.filter(has_text="Beta").get_by_role("button").first
        up.focus()
        assert up.get_attribute("aria-label").endswith(("Beta", "“Beta”"))
        with page.expect_navigation():
            page.keyboard.press("Enter")
        assert ordered(kind) == ["Gamma", "Beta", "Alpha"]
        shown = [row.inner_text().split()[0] for row in rows.all()]
        assert shown == ["Gamma", "Beta", "Alpha"]
        context.close()
