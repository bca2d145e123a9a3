"""Lists of everything: found, sorted, put in order, done to many, written and refused in words."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import select

from mlarena.accounts.audit import AuditEntry
from mlarena.accounts.models import User
from mlarena.admin.lists.shelves import SHELVES
from mlarena.challenges import authoring
from mlarena.challenges.models import Category, Challenge
from mlarena.cohorts import service as cohorts
from mlarena.cohorts.models import Cohort, CohortMember
from mlarena.core.db import db
from mlarena.forecasts.models import League, Team
from mlarena.rewards.models import Badge, Level, UserBadge

LISTS = "/teach/lists"


@pytest.fixture
def teacher(make_user: Callable[..., Any]) -> Any:
    return make_user("grace", role="instructor")


@pytest.fixture
def admin(make_user: Callable[..., Any]) -> Any:
    return make_user("root", role="admin")


@pytest.fixture
def quiz(teacher: Any) -> Callable[..., Any]:
    def make(name: str, publish: bool = False) -> Any:
        question = {"kind": "number", "prompt": "1 + 1?", "answer": 2}
        fields = {"name": name, "questions": [question]}
        return authoring.create(teacher, "knowledge", fields, publish)

    return make


@pytest.fixture
def categories(app: Any) -> list[Category]:
    made = [
        Category(slug=name, name=name.title(), position=place)
        for place, name in enumerate(("joins", "counting", "windows"))
    ]
    db.session.add_all(made)
    db.session.commit()
    return made


def names(model: Any, by: Any) -> list[str]:
    db.session.expire_all()
    return list(db.session.scalars(select(model.name).order_by(by)))


def actions() -> list[str]:
    return list(db.session.scalars(select(AuditEntry.action).order_by(AuditEntry.id)))


def test_every_list_opens_sorts_and_asks_the_same_number_of_questions(
    admin: Any, teacher: Any, quest: Any, quiz: Any, categories: Any, signed_in: Any,
    queries: list[str], make_user: Any,
) -> None:  # fmt: skip
    desk = signed_in(admin)
    quiz("One")
    counted = {}
    for step in range(2):
        for name, shelf in SHELVES.items():
            for column in shelf.columns:
                sorted_ = desk.get(f"{LISTS}/{name}?sort=-{column.key}&q=a%25&state=draft&page=x")
                assert sorted_.status_code == 200, (name, column.key)
            queries.clear()
            assert desk.get(f"{LISTS}/{name}").status_code == 200, name
            counted[name, step] = len(queries)
        for number in range(3):
            make_user(f"more{number}-{step}")
            quiz(f"More {number} {step}")
            db.session.add(Category(slug=f"c{number}{step}", name=f"C {number}"))
        db.session.commit()
    assert {name: counted[name, 0] for name in SHELVES} == {
        name: counted[name, 1] for name in SHELVES
    }
    assert desk.get(f"{LISTS}/nothing").status_code == 404
    assert signed_in(teacher).get(f"{LISTS}/users").status_code == 403


def test_order_by_buttons_and_by_dragging(
    teacher: Any, categories: Any, signed_in: Any, send_form: Any
) -> None:
    desk, page = signed_in(teacher), f"{LISTS}/categories"
    joins, counting, windows = (one.id for one in categories)
    assert send_form(desk, f"{page}/{windows}/up", page=page).status_code == 303
    assert names(Category, Category.position) == ["Joins", "Windows", "Counting"]
    send_form(desk, f"{page}/{joins}/up", page=page)  # it is the first already
    assert names(Category, Category.position) == ["Joins", "Windows", "Counting"]
    dragged = send_form(desk, f"{page}/order", page=page, ids=[counting, joins, windows])
    assert dragged.status_code == 303
    assert names(Category, Category.position) == ["Counting", "Joins", "Windows"]
    for wrong in ([joins, joins], [joins, 9999]):
        assert send_form(desk, f"{page}/order", page=page, ids=wrong).status_code == 409
    assert send_form(desk, f"{LISTS}/badges/order", page=page, ids=[1]).status_code == 404
    assert "categories.order" in actions()
    shown = signed_in(teacher).get("/challenges").text
    assert "Counting" not in shown or shown.index("Counting") < shown.index("Joins")


def test_what_is_in_use_is_not_deleted_and_says_why(
    teacher: Any, quest: Any, quiz: Any, categories: Any, signed_in: Any, send_form: Any
) -> None:
    desk = signed_in(teacher)
    made = quiz("Joins of two")
    made.category = categories[0]
    db.session.commit()
    page = f"{LISTS}/categories/{categories[0].id}"
    refused = send_form(desk, f"{page}/delete", page=page)
    assert (refused.status_code, "1 challenge is in it" in refused.text) == (409, True)
    free = f"{LISTS}/categories/{categories[1].id}"
    assert send_form(desk, f"{free}/delete", page=free).status_code == 303
    assert names(Category, Category.position) == ["Joins", "Windows"]
    level = f"{LISTS}/levels/{quest.level_id}"
    refused = send_form(desk, f"{level}/delete", page=level)
    assert (refused.status_code, "1 quest belongs to it" in refused.text) == (409, True)
    assert [one for one in actions() if one.endswith("delete")] == ["category.delete"]


def test_levels_and_badges_are_written_by_form(
    teacher: Any, signed_in: Any, send_form: Any
) -> None:
    desk = signed_in(teacher)
    new = f"{LISTS}/levels/new"
    assert send_form(desk, new, name="", required_xp="5").status_code == 422
    wrong = send_form(desk, new, name="Über uns", required_xp="-5")
    assert (wrong.status_code, "Über uns" in wrong.text) == (422, True)
    assert send_form(desk, new, name="Über uns", required_xp="500").status_code == 303
    level = db.session.scalar(select(Level))
    assert (level.slug, level.required_xp) == ("uber-uns", 500)
    fields = {"name": "Hundred", "condition_type": "xp", "icon": "award"}
    badge_new = f"{LISTS}/badges/new"
    for value in ("", "nan", "-1", "inf"):
        assert send_form(desk, badge_new, **fields, condition_value=value).status_code == 422
    kinds = re.findall(r'<option value="(\w+)"', desk.get(badge_new).text)
    fields["condition_type"] = kinds[0]
    assert send_form(desk, badge_new, **fields, condition_value="100").status_code == 303
    badge = db.session.scalar(select(Badge))
    address = f"{LISTS}/badges/{badge.id}"
    assert 'value="100"' in desk.get(address).text
    assert send_form(desk, address, **fields, condition_value="150").status_code == 303
    db.session.expire_all()
    assert db.session.scalar(select(Badge.condition_value)) == 150
    assert desk.get(f"{LISTS}/leagues/new").status_code == 404


def test_many_at_once_each_with_its_own_end(
    teacher: Any, quiz: Any, categories: Any, signed_in: Any, send_form: Any, work: Any
) -> None:
    desk, page = signed_in(teacher), f"{LISTS}/challenges"
    made = [quiz(f"Quiz {number}", publish=True) for number in range(3)]
    ids = [one.id for one in made[:2]]
    moved = send_form(
        desk, f"{page}/act", page=page, action="category", ids=ids, category=categories[2].id
    )
    assert moved.status_code == 303
    sent = send_form(desk, f"{page}/act", page=page, action="archive", ids=[*ids, 9999])
    assert sent.status_code == 303
    assert "2 archived." in desk.get(page).text
    db.session.expire_all()
    rows = db.session.scalars(select(Challenge).order_by(Challenge.id)).unique().all()
    assert [row.status for row in rows] == ["archived", "archived", "published"]
    assert [row.category.name if row.category else "" for row in rows] == ["Windows", "Windows", ""]
    assert send_form(desk, f"{page}/act", page=page, action="archive").status_code == 422
    assert send_form(desk, f"{page}/act", page=page, action="explode", ids=ids).status_code == 422
    assert (
        send_form(desk, f"{page}/act", page=page, action="withdraw", ids=[made[2].id]).status_code
        == 303
    )
    db.session.expire_all()
    assert db.session.get(Challenge, made[2].id).status == "draft"
    assert actions().count("challenge.archive") == 2


def test_many_that_nothing_uses_are_deleted_and_the_others_named(
    admin: Any, quest: Any, quiz: Any, categories: Any, signed_in: Any, send_form: Any
) -> None:
    desk = signed_in(admin)
    quiz("Joins of two").category = categories[0]
    free = Level(slug="free", order=9, name="Free", required_xp=9)
    badges = [
        Badge(slug=name, name=name, condition_type="xp", condition_value=9) for name in ("A", "B")
    ]
    leagues = [
        League(code=name, name=name, country="", timezone="UTC") for name in ("Here", "There")
    ]
    db.session.add_all([free, *badges, *leagues])
    db.session.flush()
    db.session.add(UserBadge(user_id=admin.id, badge_id=badges[0].id))
    db.session.add(Team(league_id=leagues[0].id, name="United"))
    db.session.commit()
    for name, things, refusal in (
        ("categories", categories, "“Joins” is in use: 1 challenge is in it. Move them first."),
        ("levels", [quest.level, free], "is in use: 1 quest belongs to it. Move them first."),
        ("badges", badges, "“A” is in use: 1 learner has earned it. What was earned stays."),
        ("leagues", leagues, "“Here” is in use: 1 team belongs to it."),
    ):
        page, ids = f"{LISTS}/{name}", [one.id for one in things]
        sent = send_form(desk, f"{page}/act", page=page, action="delete", ids=ids)
        assert sent.status_code == 303, name
        told = desk.get(page).text
        assert f"{len(things) - 1} deleted." in told
        assert refusal in told
        left = db.session.scalars(select(SHELVES[name].model.id)).all()
        assert left == [things[0].id], name
    assert sorted(one for one in actions() if one.endswith("delete")) == [
        *("badge.delete", "category.delete", "category.delete", "league.delete", "level.delete")
    ]
    again = send_form(desk, f"{page}/act", page=page, action="delete", ids=[leagues[1].id])
    assert again.status_code == 303  # gone already: nothing to do, and nothing to say


def test_a_cohort_that_was_put_away_comes_back(admin: Any, signed_in: Any, send_form: Any) -> None:
    desk, page = signed_in(admin), f"{LISTS}/cohorts"
    ids = [cohorts.create(admin, {"title": name}).id for name in ("A", "B")]
    for action, said in (("archive", "2 put away."), ("reopen", "2 brought back.")):
        sent = send_form(desk, f"{page}/act", page=page, action=action, ids=ids)
        assert sent.status_code == 303
        assert said in desk.get(page).text
        db.session.expire_all()
        away = [db.session.get(Cohort, one).archived_at is not None for one in ids]
        assert away == [action == "archive"] * 2


def test_roles_and_cohorts_of_many_people(
    admin: Any, teacher: Any, make_user: Any, signed_in: Any, send_form: Any
) -> None:
    desk, page = signed_in(admin), f"{LISTS}/users"
    ada, bob = make_user("ada"), make_user("bob")
    cohort = cohorts.create(teacher, {"title": "A class"})
    joined = send_form(
        desk, f"{page}/act", page=page, action="cohort", ids=[ada.id, bob.id], cohort=cohort.id
    )
    assert joined.status_code == 303
    assert len(db.session.scalars(select(CohortMember)).all()) == 2
    send_form(desk, f"{page}/act", page=page, action="role", ids=[ada.id], role="instructor")
    db.session.expire_all()
    assert db.session.get(User, ada.id).role == "instructor"
    send_form(desk, f"{page}/act", page=page, action="role", ids=[admin.id], role="learner")
    db.session.expire_all()
    assert db.session.get(User, admin.id).role == "admin"  # nobody would be admin any more
    assert actions().count("user.set_role") == 1
    other = signed_in(teacher)
    token = re.search(r'name="csrf-token" content="([^"]+)"', other.get("/teach").text)[1]
    refused = other.post(f"{page}/act", data={"csrf_token": token, "action": "role", "ids": bob.id})
    assert refused.status_code == 403
