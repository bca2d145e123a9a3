"""Leaving."""

from __future__ import annotations

import threading

import pytest
import sqlalchemy as sa

from mlarena.accounts import service, tokens
from mlarena.accounts.models import LoginSession, PersonalToken, User
from mlarena.accounts.signals import user_deleted, user_deleting
from mlarena.core.db import db
from mlarena.core.errors import Conflict

PASSWORD = "correct horse battery"


def test_the_user_is_gone_with_sessions_and_tokens(client, user, bearer):
    headers = bearer(user)
    tokens.issue(user, "script")
    user_id = user.id
    answer = client.delete("/api/v1/users/me", json={"password": PASSWORD}, headers=headers)
    assert answer.status_code == 200
    assert client.get("/api/v1/users/me", headers=headers).status_code == 401
    assert client.get(f"/api/v1/users/{user_id}").status_code == 404
    for table in (User, LoginSession, PersonalToken):
        assert db.session.scalar(sa.select(sa.func.count()).select_from(table)) == 0


def test_every_table_lets_a_user_go(app):
    """A foreign key to users without ON DELETE would turn leaving into an error."""
    for table in db.metadata.tables.values():
        for key in table.foreign_keys:
            if key.column.table.name == "users":
                assert key.ondelete in ("CASCADE", "SET NULL"), f"{table.name}.{key.parent.name}"


def test_the_name_is_free_again(client, user):
    service.delete_account(user, PASSWORD)
    body = {"username": "ada", "email": "ada@example.org", "password": PASSWORD}
    assert client.post("/api/v1/auth/register", json=body).status_code == 201


def test_a_wrong_password_keeps_it(client, user, bearer):
    headers = bearer(user)
    answer = client.delete("/api/v1/users/me", json={"password": "not it at all"}, headers=headers)
    assert answer.status_code == 422
    assert list(answer.json["errors"]) == ["password"]
    assert client.get("/api/v1/users/me", headers=headers).status_code == 200


def test_from_the_settings(client, user, signed_in, send_form):
    browser = signed_in(user)
    wrong = send_form(browser, "/settings/delete", page="/settings", password="not it at all")
    assert wrong.status_code == 422
    gone = send_form(browser, "/settings/delete", page="/settings", password=PASSWORD)
    assert gone.location == "/register"
    assert "Your account is deleted" in browser.get("/register").text
    assert browser.get("/settings").status_code == 302


def test_the_last_admin_stays(make_user, signed_in, send_form):
    admin = make_user("root", role="admin")
    browser = signed_in(admin)
    answer = send_form(browser, "/settings/delete", page="/settings", password=PASSWORD)
    assert answer.status_code == 409
    assert "the only admin" in answer.text
    make_user("heir", role="admin")
    assert (
        send_form(browser, "/settings/delete", page="/settings", password=PASSWORD).status_code
        == 302
    )


def test_two_last_admins_cannot_leave_together(app, make_user):
    for name in ("ada", "bob"):
        make_user(name, role="admin")
    outcomes: list[str] = []
    ready = threading.Barrier(2)

    def leave(name: str) -> None:
        with app.app_context():
            admin = service.find(name)
            ready.wait()
            try:
                service.delete_account(admin, PASSWORD)
            except Conflict:
                outcomes.append("stays")
            else:
                outcomes.append("left")

    threads = [threading.Thread(target=leave, args=(name,)) for name in ("ada", "bob")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == ["left", "stays"]
    db.session.expire_all()
    assert db.session.scalar(sa.select(sa.func.count()).where(User.role == "admin")) == 1


def test_the_rooms_above_are_told_before_and_after(user):
    heard: list[str] = []
    user_id = user.id

    def before(_sender, user):
        heard.append(f"deleting {user.username}")

    def after(_sender, user_id):
        heard.append(f"deleted {user_id}")

    with user_deleting.connected_to(before), user_deleted.connected_to(after):
        service.delete_account(user, PASSWORD)
    assert heard == ["deleting ada", f"deleted {user_id}"]


@pytest.mark.parametrize("role", ["learner", "instructor", "admin"])
def test_others_stay_as_they_were(make_user, role):
    ada, bob = make_user("ada"), make_user("bob", role=role)
    service.delete_account(ada, PASSWORD)
    assert db.session.get(User, bob.id).role == role
