"""Accounts as an admin writes them: made without a password that anybody knows, changed, never locked out."""

from __future__ import annotations

from typing import Any

import pytest
from flask import current_app
from sqlalchemy import select

from mlarena.accounts import audit
from mlarena.accounts import service as accounts
from mlarena.accounts.models import User
from mlarena.core.db import db
from tests.challenges.form_reading import fields

USERS = "/teach/lists/users"
ADA = {
    "username": "ada",
    "email": "ada@example.org",
    "full_name": "Ada L.",
    "timezone": "Europe/London",
    "role": "learner",
}


@pytest.fixture
def root(make_user: Any) -> Any:
    return make_user("root", role="admin")


@pytest.fixture
def desk(root: Any, signed_in: Any) -> Any:
    return signed_in(root)


def person(name: str) -> User:
    db.session.expire_all()
    return db.session.scalars(select(User).where(User.username == name)).one()


def noted(action: str) -> list[dict[str, Any]]:
    entries = select(audit.AuditEntry.details).where(audit.AuditEntry.action == action)
    return list(db.session.scalars(entries))


def test_an_account_is_made_and_its_owner_chooses_the_password(
    desk: Any, send_form: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = []
    monkeypatch.setattr("mlarena.accounts.recovery.request_password_reset", asked.append)
    new = f"{USERS}/new"
    for wrong, words in (
        ({"username": "a b"}, "username-error"),
        ({"email": "nowhere"}, "email-error"),
        ({"role": "king"}, "role-error"),
        ({"username": "root"}, "This name is taken."),
    ):
        refused = send_form(desk, new, **ADA | wrong)
        assert refused.status_code in (409, 422)
        assert words in refused.text
    assert not asked
    assert send_form(desk, new, **ADA | {"role": "instructor"}).status_code == 303
    made = person("ada")
    assert (made.email, made.full_name, made.timezone) == (
        *("ada@example.org", "Ada L.", "Europe/London"),
    )
    assert made.role == "instructor"
    assert asked == ["ada@example.org"]
    assert noted("user.create") == [{"username": "ada", "role": "instructor"}]


def test_where_no_link_can_be_made_the_account_is_there_all_the_same(
    desk: Any, send_form: Any
) -> None:
    assert not current_app.config.get("PUBLIC_URL")
    assert send_form(desk, f"{USERS}/new", **ADA).status_code == 303
    assert person("ada").role == "learner"


def test_what_is_said_of_somebody_is_changed(
    desk: Any, make_user: Any, send_form: Any, signed_in: Any
) -> None:
    ada, bob = make_user("ada"), make_user("bob", role="instructor")
    page = f"{USERS}/{ada.id}"
    assert f'href="{page}"' in desk.get(USERS).text
    shown = desk.get(page).text
    assert f'href="/users/{ada.id}"' in shown
    typed = fields(shown) | {"full_name": "Ada King", "email": "ada@king.example"}
    # A name to log in by stays, whatever is sent.
    saved = desk.post(page, data=typed | {"role": "instructor", "username": "queen"})
    assert saved.status_code == 303
    changed = person("ada")
    assert (changed.full_name, changed.role) == ("Ada King", "instructor")
    assert accounts.find("ada@king.example") == changed
    assert accounts.find("ada@example.org") is None
    assert noted("user.update") == [
        {"changed": ["email", "full_name", "role"], "before": "learner", "after": "instructor"}
    ]
    late = desk.post(page, data=typed | {"full_name": "Somebody"})
    assert (late.status_code, "Somebody else has saved" in late.text) == (409, True)
    taken = desk.post(page, data=fields(desk.get(page).text) | {"email": "bob@example.org"})
    assert (taken.status_code, "There is an account with this address" in taken.text) == (409, True)
    assert person("ada").email == "ada@king.example"
    for path in (page, f"{USERS}/new"):
        assert signed_in(bob).get(path).status_code == 403


def test_the_only_admin_stays_one(desk: Any, root: Any, make_user: Any, send_form: Any) -> None:
    page = f"{USERS}/{root.id}"
    alone = desk.post(page, data=fields(desk.get(page).text) | {"role": "learner"})
    assert (alone.status_code, "This is the only admin" in alone.text) == (409, True)
    assert person("root").role == "admin"
    make_user("second", role="admin")
    both = desk.post(page, data=fields(desk.get(page).text) | {"role": "learner"})
    assert both.status_code == 303
    assert person("root").role == "learner"


def test_an_account_is_its_owners_to_delete(desk: Any, make_user: Any, send_form: Any) -> None:
    page = f"{USERS}/{make_user('ada').id}"
    assert "Delete it" not in desk.get(page).text
    assert "in their own settings" in desk.get(page).text
    assert send_form(desk, f"{page}/delete", page=page).status_code == 409
    assert person("ada")
