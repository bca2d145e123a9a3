"""Two instructors at the same form: the second is told, shown the difference, and decides."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable
from datetime import timedelta
from html import unescape
from typing import Any

import pytest

from mlarena.accounts import clashes
from mlarena.challenges import authoring
from mlarena.challenges.models import Category
from mlarena.cohorts import announcements, assignments
from mlarena.cohorts import service as cohorts
from mlarena.competitions import authoring as competitions
from mlarena.core.clock import utcnow
from mlarena.core.db import db
from mlarena.forecasts.models import League
from mlarena.quests.desk import writing
from mlarena.rewards.badges import known_conditions
from mlarena.rewards.models import Badge, Level
from tests.challenges.form_reading import fields

QUESTION = {"kind": "number", "prompt": "1 + 1?", "answer": 2}


def quiz(grace: Any, name: str = "A quiz") -> Any:
    return authoring.create(grace, "knowledge", {"name": name, "questions": [QUESTION]}, True)


def kept(row: Any) -> int:
    db.session.add(row)
    db.session.commit()
    return int(row.id)


def category(_grace: Any) -> str:
    return f"/teach/lists/categories/{kept(Category(slug='joins', name='Joins'))}"


def level(_grace: Any) -> str:
    return f"/teach/lists/levels/{kept(Level(slug='one', order=1, name='One', required_xp=0))}"


def badge(_grace: Any) -> str:
    kind = sorted(known_conditions())[0]
    made = Badge(slug="b", name="B", description="", condition_type=kind, condition_value=3)
    return f"/teach/lists/badges/{kept(made)}"


def league(_grace: Any) -> str:
    return (
        f"/teach/lists/leagues/{kept(League(code='XX', name='Liga', country='', timezone='UTC'))}"
    )


def cohort(grace: Any) -> str:
    made = cohorts.create(grace, {"title": "A class", "timezone": "Europe/Berlin"})
    return f"/teach/cohorts/{made.id}/settings"


def assignment(grace: Any) -> str:
    made = cohorts.create(grace, {"title": "A class", "timezone": "Europe/Berlin"})
    about = {"title": "Week 1", "due_at": utcnow() + timedelta(days=3)}
    one = assignments.create(grace, made, about, {quiz(grace).id: 1.0})
    return f"/teach/cohorts/{made.id}/assignments/{one.id}"


def competition(grace: Any) -> str:
    now = utcnow()
    about = {"title": "Prices", "metric": "rmse", "starts_at": now, "ends_at": now + timedelta(9)}
    return f"/competitions/{competitions.create(grace, about).id}/desk"


def challenge(grace: Any) -> str:
    return f"/challenges/{quiz(grace).id}/edit"


def announcement(grace: Any) -> str:
    return f"/teach/announcements/{announcements.draft(grace, None, 'Hello', 'All.').id}"


# What is made, and the field of it that both change.
KINDS: dict[str, tuple[Callable[[Any], str], str]] = {
    "category": (category, "description"),
    "level": (level, "description"),
    "badge": (badge, "description"),
    "league": (league, "name"),
    "cohort": (cohort, "description"),
    "assignment": (assignment, "note"),
    "competition": (competition, "description"),
    "challenge": (challenge, "description"),
    "announcement": (announcement, "body"),
    "quest": (lambda _grace: "", "summary"),
}
# Whose look at what is saved decides, and which one: the verbs of two kinds look before they lock as well.
LOOKS: dict[str, tuple[Any, int]] = {"challenge": (authoring, 2), "quest": (writing, 2)}


@pytest.fixture
def opened_by_two(
    make_user: Any, signed_in: Any, request: pytest.FixtureRequest
) -> Callable[[str], tuple[str, Any, Any]]:
    """opened_by_two(kind) -> the address of a fresh one's form, and the browsers of two who may save it."""

    def open_(kind: str) -> tuple[str, Any, Any]:
        grace = make_user("grace", role="instructor")
        address = KINDS[kind][0](grace)
        if kind == "quest":
            made = request.getfixturevalue("make_quest")(
                description="Tell them apart.", created_by=grace.id
            )
            address = f"/teach/quests/{made.id}"
        db.session.expire_all()
        db.session.commit()
        return address, signed_in(make_user("root", role="admin")), signed_in(grace)

    return open_


@pytest.mark.parametrize("kind", KINDS)
def test_of_two_who_save_at_the_same_instant_the_second_is_told(
    opened_by_two: Any, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    name = KINDS[kind][1]
    address, desk, other = opened_by_two(kind)
    form = "saying" if kind == "competition" else "writing"
    opened = fields(desk.get(address).text, form)
    theirs = fields(other.get(address).text, form)
    room, look = LOOKS.get(kind, (clashes, 1))
    read, looks, answers = room.stamp, [], []

    def save_theirs() -> None:
        answers.append(other.post(address, data=theirs | {name: "What they say"}))

    second = threading.Thread(target=save_theirs)

    def look_while_they_save(*args: Any, **kwargs: Any) -> str:
        """Who is let through here would be done at once; who has to wait waits until we have saved."""
        found = read(*args, **kwargs)
        if threading.current_thread() is not second:
            looks.append(found)
            if len(looks) == look:
                second.start()
                second.join(timeout=1)
        return found

    monkeypatch.setattr(room, "stamp", look_while_they_save)
    mine = desk.post(address, data=opened | {name: "What I say"})
    second.join()
    monkeypatch.undo()
    assert (mine.status_code, answers[0].status_code) == (303, 409), answers[0].text
    assert "Somebody else has saved" in answers[0].text
    assert fields(desk.get(address).text, form)[name] == "What I say"


@pytest.mark.parametrize("kind", KINDS)
def test_the_second_is_told_and_shown_the_difference(opened_by_two: Any, kind: str) -> None:
    name = KINDS[kind][1]
    address, desk, _other = opened_by_two(kind)
    form = "saying" if kind == "competition" else "writing"

    def post(typed: dict[str, str], **more: str) -> Any:
        return desk.post(address, data=typed | more)

    opened = fields(desk.get(address).text, form)
    unchanged = post(opened)
    assert unchanged.status_code == 303, unchanged.text
    assert post(opened, **{name: "What they say"}).status_code == 303
    late = post(opened, **{name: "What I say"})
    assert late.status_code == 409
    told = " ".join(unescape(re.sub(r"<[^>]+>", " ", late.text)).split())
    assert "Somebody else has saved" in told
    assert "Saved: What they say Yours: What I say" in told
    typed = fields(late.text, form)
    assert typed[name] == "What I say"  # nothing that was typed is lost
    assert fields(desk.get(address).text, form)[name] == "What they say"
    assert post(typed).status_code == 409  # and again, until it is meant
    over = re.search(r'name="over" value="(\w+)"|value="(\w+)" name="over"', late.text)
    assert over
    meant = post(typed, over=over[1] or over[2])
    assert meant.status_code == 303, meant.text
    assert fields(desk.get(address).text, form)[name] == "What I say"


def test_the_rows_of_a_list_differ_by_line(make_user: Any, signed_in: Any) -> None:
    grace = make_user("grace", role="instructor")
    address = challenge(grace)
    desk = signed_in(grace)
    opened = fields(desk.get(address).text)
    theirs = desk.post(address, data=opened | {"questions-0-prompt": "2 + 2?", "points": "15"})
    assert theirs.status_code == 303
    late = desk.post(address, data=opened | {"questions-0-number": "3"})
    assert late.status_code == 409
    shown = late.text[late.text.index('id="differs"') : late.text.index('id="writing"')]
    lines = [
        " ".join(unescape(re.sub(r"<[^>]+>", "", row)).split())
        for row in re.findall(r"<code>(.*?)</code>", shown)
    ]
    assert "1. Question: 2 + 2?" in lines
    assert "1. Question: 1 + 1?" in lines
    assert "1. Right number: 3" in lines
    assert "Points" in shown
