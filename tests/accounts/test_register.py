"""Becoming a user."""

from __future__ import annotations

import threading

import pytest
import sqlalchemy as sa

from mlarena.accounts.models import User
from mlarena.core.db import db

DOOR = "/api/v1/auth/register"
ADA = {"username": "ada", "email": "ada@example.org", "password": "correct horse battery"}


def number_of_users() -> int:
    return db.session.scalar(sa.select(sa.func.count()).select_from(User))


def test_a_script_registers(client):
    answer = client.post(DOOR, json=ADA | {"full_name": "Ada Lovelace"})
    assert answer.status_code == 201
    assert answer.json["status"] == "success"
    data = answer.json["data"]
    assert set(data) == {"id", "username", "email", "full_name", "created_at"}
    assert data["username"] == "ada"
    assert data["email"] == "ada@example.org"
    assert data["full_name"] == "Ada Lovelace"
    assert data["created_at"].endswith("Z")
    assert "password" not in answer.text.replace("correct horse", "password")
    assert db.session.get(User, data["id"]).role == "learner"


def test_a_browser_registers_and_is_in(client, send_form):
    answer = send_form(client, "/register?next=/settings", **ADA, timezone="Europe/Berlin")
    assert (answer.status_code, answer.location) == (302, "/settings")
    page = client.get("/settings")
    assert page.status_code == 200
    assert '<option selected value="Europe/Berlin">' in page.text


def test_a_browser_without_a_known_zone_gets_utc(client, send_form):
    assert send_form(client, "/register", **ADA, timezone="Mars/Olympus").status_code == 302
    assert db.session.scalar(sa.select(User.timezone)) == "UTC"


def test_the_form_says_next_to_each_field_what_is_wrong(client, send_form):
    answer = send_form(client, "/register", username="a b", email="nowhere", password="password")
    assert answer.status_code == 422
    for field in ("username", "email", "password"):
        assert f'id="{field}-error"' in answer.text
        assert f'aria-describedby="{field}-error' in answer.text
    assert 'value="a b"' in answer.text
    assert number_of_users() == 0


@pytest.mark.parametrize(
    "again", [{"username": "ADA"}, {"username": "ａｄａ"}, {"email": "Ada@Example.ORG"}]
)
def test_a_name_or_address_in_another_spelling_is_taken(client, again):
    client.post(DOOR, json=ADA)
    other = {
        "username": "bob",
        "email": "bob@example.org",
        "password": "correct horse battery",
    } | again
    answer = client.post(DOOR, json=other)
    assert answer.status_code == 409
    assert list(answer.json["errors"]) == list(again)
    assert number_of_users() == 1


def test_registering_twice_at_once_makes_one_user(app, client):
    """A unique key decides, and the loser is told so: no check before could."""
    statuses: list[int] = []

    def register() -> None:
        statuses.append(app.test_client().post(DOOR, json=ADA).status_code)

    threads = [threading.Thread(target=register) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(statuses) == [201] + [409] * 5
    assert number_of_users() == 1


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"username": "-"}, "username"),
        ({"username": "ada😀"}, "username"),
        ({"username": "ada\u202eb"}, "username"),
        ({"username": 7}, "username"),
        ({"username": None}, "username"),
        ({"email": "nowhere"}, "email"),
        ({"password": "short"}, "password"),
        ({"password": "x" * 129}, "password"),
        ({"password": "password1"}, "password"),
        ({"password": "ada@example.org"}, "password"),
        ({"full_name": "x" * 129}, "full_name"),
        ({"full_name": "Ada \u202enimda"}, "full_name"),
        ({"timezone": "Mars/Olympus"}, "timezone"),
        ({"role": "admin"}, "role"),
        ({"is_admin": True}, "is_admin"),
        ({"id": 10**30}, "id"),
    ],
)
def test_every_wrong_field_is_named_and_nothing_is_stored(client, change, field):
    answer = client.post(DOOR, json=ADA | change)
    assert answer.status_code == 422
    assert field in answer.json["errors"]
    assert number_of_users() == 0


def test_all_wrong_fields_are_told_at_once(client):
    answer = client.post(DOOR, json=ADA | {"username": "a b", "email": "x", "timezone": "y"})
    assert set(answer.json["errors"]) == {"username", "email", "timezone"}


@pytest.mark.parametrize("name", ["Ада", "משה", "أحمد", "小明"])
def test_right_to_left_and_other_scripts_come_back_as_they_were(client, name):
    answer = client.post(DOOR, json=ADA | {"username": name, "full_name": f"{name} 🎉"})
    assert answer.status_code == 201
    assert answer.json["data"]["username"] == name
    shown = client.get(f"/api/v1/users/{answer.json['data']['id']}")
    assert shown.json["data"]["full_name"] == f"{name} 🎉"
    login = {"username": name, "password": ADA["password"]}
    assert client.post("/api/v1/auth/login", json=login).status_code == 200
