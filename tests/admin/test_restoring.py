"""An old version of a task brought back: checked like an edit, never over what somebody else has saved."""

from __future__ import annotations

import re
from datetime import timedelta
from html import unescape
from typing import Any

import pytest
from sqlalchemy import select

from mlarena.accounts.audit import AuditEntry
from mlarena.challenges import authoring as challenges
from mlarena.challenges.models import Category
from mlarena.challenges.versions import whole
from mlarena.competitions import authoring as competitions
from mlarena.competitions.kaggle.models import KaggleCompetition
from mlarena.core.clock import utcnow
from mlarena.core.db import db
from mlarena.quests.desk import writing as quests
from mlarena.submissions.models import Task
from mlarena.submissions.revisions import TaskRevision
from tests.challenges.conftest import ADD
from tests.challenges.form_reading import fields

QUIZ = {"name": "Sums", "questions": [{"kind": "number", "prompt": "1 + 1?", "answer": 2}]}
ADDING = {name: value for name, value in ADD.items() if name != "kind"}
GOALS = {
    "name": "Goals",
    "type": "FE",
    "engine": "sqlite",
    "init": "CREATE TABLE goals (team TEXT, n INTEGER);",
    "solution": "SELECT sum(n) FROM goals",
    "test_cases": [
        {"data": "INSERT INTO goals VALUES ('A', 2);", "is_visible": True, "name": "two"},
        {"data": "INSERT INTO goals VALUES ('B', 3);"},
    ],
}


@pytest.fixture
def grace(make_user: Any) -> Any:
    return make_user("grace", role="instructor")


@pytest.fixture
def desk(grace: Any, signed_in: Any) -> Any:
    return signed_in(grace)


def kept(task: Task) -> list[TaskRevision]:
    """The earliest first."""
    db.session.expire_all()
    mine = select(TaskRevision).where(TaskRevision.task_id == task.id)
    return list(db.session.scalars(mine.order_by(TaskRevision.id)))


def page_of(task: Task) -> str:
    return f"/teach/tasks/{task.id}/versions"


def press(desk: Any, task: Task, version: TaskRevision, shown: str = "") -> Any:
    """The version's button, on the page as it is or as it was `shown`."""
    sent = fields(shown or desk.get(page_of(task)).text, "restore")
    return desk.post(f"{page_of(task)}/{version.id}/restore", data=sent)


def told(page: str) -> str:
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", page)).split())


def actions() -> list[str]:
    return list(db.session.scalars(select(AuditEntry.action).order_by(AuditEntry.id)))


@pytest.mark.parametrize(
    ("kind", "said", "other"),
    [
        ("knowledge", QUIZ, [QUIZ["questions"][0] | {"prompt": "2 + 2?", "answer": 4}]),
        ("coding", ADDING, [{"args": [5, 5], "expected": 10, "is_visible": True}]),
        ("sql", GOALS, [{"data": "INSERT INTO goals VALUES ('C', 9);", "is_visible": True}]),
    ],
)
def test_a_challenge_says_again_all_that_it_said(
    grace: Any, desk: Any, kind: str, said: dict[str, Any], other: Any
) -> None:
    made = challenges.create(grace, kind, {**said, "points": 10, "hints": [{"text": "a"}]}, False)
    first = challenges.about_of(made) | whole(made.version_row())
    cases = "questions" if kind == "knowledge" else "test_cases"
    changed = {"name": "Another", "points": 15, "hints": [], cases: other}
    challenges.update(grace, made, changed)
    challenges.update(grace, made, {"summary": "In short"})
    old, *_, newest = kept(made)
    assert press(desk, made, newest).status_code == 303  # nothing to do
    assert len(kept(made)) == 3
    assert press(desk, made, old).status_code == 303
    assert "It is back, as the newest version." in told(desk.get(page_of(made)).text)
    made = db.session.get(type(made), made.id, populate_existing=True)
    assert challenges.about_of(made) | whole(made.version_row()) == first
    assert [one.by_name for one in kept(made)] == ["grace"] * 4
    assert actions()[-1] == "challenge.restore"
    assert "challenge.restore" in desk.get("/teach/audit").text


def test_it_is_checked_as_an_edit_is(grace: Any, desk: Any) -> None:
    db.session.add(Category(slug="basics", name="Basics"))
    db.session.commit()
    made = challenges.create(grace, "knowledge", QUIZ | {"category": "basics"}, True)
    challenges.update(grace, made, {"category": None, "questions": [
        {"kind": "number", "prompt": "1 + 2?", "answer": 3}]})  # fmt: skip
    db.session.delete(db.session.scalars(select(Category)).one())
    db.session.commit()
    old, newest = kept(made)
    refused = press(desk, made, old)
    assert refused.status_code == 422
    assert "There is no category `basics`" in told(refused.text)
    assert kept(made) == [old, newest]
    assert "challenge.restore" not in actions()


def test_what_is_published_is_judged_by_the_old_questions_from_then_on(
    grace: Any, desk: Any
) -> None:
    made = challenges.create(grace, "knowledge", QUIZ, True)
    question = QUIZ["questions"][0] | {"prompt": "2 + 2?", "answer": 4}
    challenges.update(grace, made, {"questions": [question]})
    assert press(desk, made, kept(made)[0]).status_code == 303
    db.session.expire_all()
    fresh = db.session.get(type(made), made.id)
    assert (fresh.version, fresh.status) == (3, "published")
    assert [one.version for one in kept(made)] == [1, 2, 3]
    assert "1 + 1?" in desk.get(f"/challenges/{made.id}").text


def quiz(grace: Any) -> Task:
    made = challenges.create(grace, "knowledge", QUIZ, True)
    challenges.update(grace, made, {"description": "Second."})
    return made


def quest(grace: Any) -> Task:
    made = db.session.scalars(select(quests.Quest)).one()
    for title in ("First", "Second."):
        about = quests.about_of(made) | {"title": title, "description": title}
        quests.save(grace, made, about, {})
    return made


def competition(grace: Any) -> Task:
    now = utcnow()
    about = {"title": "Prices", "metric": "rmse", "starts_at": now, "ends_at": now + timedelta(9)}
    made = competitions.create(grace, about)
    return competitions.update(made, {"description": "Second."}, grace)


SAVE = {
    "quiz": lambda grace, task: challenges.update(grace, task, {"description": "Third."}),
    "quest": lambda grace, task: quests.save(
        grace, task, quests.about_of(task) | {"description": "Third."}, {}
    ),
    "competition": lambda grace, task: competitions.update(task, {"description": "Third."}, grace),
}


@pytest.mark.parametrize("make", [quiz, quest, competition])
def test_over_what_somebody_else_has_saved_it_is_refused(
    grace: Any, desk: Any, make: Any, make_quest: Any, make_user: Any
) -> None:
    if make is quest:
        make_quest(description="Tell them apart.")
    task = make(grace)
    shown = desk.get(page_of(task)).text
    SAVE[make.__name__](make_user("henry", role="instructor"), task)
    refused = press(desk, task, kept(task)[0], shown)
    assert refused.status_code == 409
    assert "Somebody" in told(refused.text)
    db.session.expire_all()
    assert db.session.get(Task, task.id).description == "Third."
    assert press(desk, task, kept(task)[0]).status_code == 303  # who has seen that may
    db.session.expire_all()
    assert db.session.get(Task, task.id).description != "Third."


def test_a_quest_keeps_its_times_and_its_data(grace: Any, desk: Any, make_quest: Any) -> None:
    made = make_quest(description="Tell them apart.", hints=["Look."])
    quests.save(grace, made, quests.about_of(made) | {"title": "Irises"}, {})
    closes_at = utcnow() + timedelta(days=5)
    about = quests.about_of(made) | {"title": "Roses", "hints": [], "closes_at": closes_at}
    quests.save(grace, made, about, {})
    was, first, _second = kept(made)
    assert (was.by_name, first.by_name) == ("", "grace")
    assert press(desk, made, first).status_code == 303
    db.session.expire_all()
    fresh = quests.find(made.id)
    assert (fresh.title, fresh.hints, fresh.closes_at) == ("Irises", ["Look."], closes_at)
    assert press(desk, made, was).status_code == 303
    db.session.expire_all()
    assert quests.find(made.id).title == "The iris quest"
    assert actions().count("quest.restore") == 2


def test_what_cannot_be_restored_says_why(
    grace: Any, desk: Any, make_quest: Any, make_user: Any, signed_in: Any
) -> None:
    made = make_quest(description="Tell them apart.")
    for title in ("One", "Two"):
        quests.save(grace, made, quests.about_of(made) | {"title": title}, {})
    was, first, newest = kept(made)
    was.whole = None  # as it is in an arena that has been there for longer
    first.said = first.said | {"data": "another"}
    first.whole = (first.whole or "").replace('"data": "iris"', '"data": "another"')
    db.session.commit()
    page = told(desk.get(page_of(made)).text)
    assert "saved before whole versions were kept" in page
    assert "It stood on other data, which are not kept any more" in page
    assert f"{newest.id}/restore" not in desk.get(page_of(made)).text
    for version in (was, first):
        assert press(desk, made, version).status_code == 409
    other = make_quest(slug="other", description="Tell them apart.")
    assert press(desk, made, TaskRevision(id=999_999)).status_code == 404
    quests.save(grace, other, quests.about_of(other) | {"title": "Other"}, {})
    assert press(desk, made, kept(other)[0]).status_code == 404
    db.session.expire_all()
    assert quests.find(made.id).title == "Two"
    learner = signed_in(make_user("ada"))
    assert learner.get(page_of(made)).status_code == 403


def test_a_competition_keeps_its_dates_and_what_decides_about_places(grace: Any, desk: Any) -> None:
    made = competition(grace)
    ends_at = made.ends_at + timedelta(days=9)
    competitions.update(made, {"ends_at": ends_at, "metric": "mae", "daily_limit": 9}, grace)
    first, second, _third = kept(made)
    assert press(desk, made, second).status_code == 303
    db.session.expire_all()
    fresh = db.session.get(Task, made.id)
    assert (fresh.metric, fresh.daily_limit, fresh.ends_at) == ("rmse", 5, ends_at)
    competitions.update(fresh, {"metric": "mae"}, grace)
    fresh.status = "published"
    db.session.commit()
    refused = press(desk, fresh, first)
    assert refused.status_code == 409
    assert "its metric and its split stay as they are" in told(refused.text)
    db.session.expire_all()
    assert db.session.get(Task, made.id).description == "Second."


def test_of_one_at_kaggle_what_is_ours_to_say_is_restored(grace: Any, desk: Any) -> None:
    now = utcnow()
    made = KaggleCompetition(
        slug="titanic", title="Titanic", kaggle_slug="titanic", metric="rmse", status="published",
        starts_at=now, ends_at=now + timedelta(days=9),
    )  # fmt: skip
    db.session.add(made)
    db.session.commit()
    competitions.update(made, {"title": "Our Titanic"}, grace)
    assert press(desk, made, kept(made)[0]).status_code == 303
    db.session.expire_all()
    assert db.session.get(Task, made.id).title == "Titanic"
