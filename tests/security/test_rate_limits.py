"""Guessing is slow, a class behind one address is not."""

from __future__ import annotations

import pytest
import sqlalchemy as sa

from mlarena.accounts import logins, passwords
from mlarena.core.db import db
from mlarena.submissions.models import Submission

PASSWORD = "correct horse battery"
LOGIN, REGISTER = "/api/v1/auth/login", "/api/v1/auth/register"
FORGOT, REFRESH, TOKENS = (
    "/api/v1/auth/password/forgot",
    "/api/v1/auth/refresh",
    "/api/v1/auth/tokens",
)


@pytest.fixture
def door(limited):
    return limited.test_client()


def guess(door, name: str = "ada", password: str = "not the password", address: str = "10.0.0.1"):
    body = {"username": name, "password": password}
    return door.post(LOGIN, json=body, environ_base={"REMOTE_ADDR": address})


def assert_too_many(answer, at_most_seconds: int) -> None:
    assert answer.status_code == 429
    assert answer.json["status"] == "error"
    assert "Too many" in answer.json["message"]
    assert 0 <= int(answer.headers["Retry-After"]) <= at_most_seconds


def test_the_eleventh_wrong_password_waits(door, user):
    for _ in range(10):
        assert guess(door).status_code == 401
    assert_too_many(guess(door), 300)
    assert_too_many(guess(door, password=PASSWORD), 300)
    assert_too_many(guess(door, name=" ADA "), 300)


def test_an_account_that_does_not_exist_is_counted_alike(door, user):
    for _ in range(10):
        assert guess(door, name="nobody").status_code == 401
    assert_too_many(guess(door, name="nobody"), 300)


def test_the_guesser_locks_out_neither_the_neighbour_nor_the_owner(door, make_user):
    make_user("ada")
    make_user("bob")
    for _ in range(11):
        guess(door)
    assert guess(door, name="bob", password=PASSWORD).status_code == 200
    assert guess(door, password=PASSWORD, address="10.0.0.2").status_code == 200


def test_right_passwords_do_not_count_as_guesses(door, user):
    for _ in range(15):
        assert guess(door, password=PASSWORD).status_code == 200
    assert guess(door).status_code == 401


def test_a_hundred_guesses_an_hour_from_everywhere_are_the_most(door, user, monkeypatch):
    """ASVS 2.2.1."""
    monkeypatch.setattr(passwords, "verify", lambda _hash, _password: False)
    for number in range(100):
        assert guess(door, address=f"10.1.{number % 20}.1").status_code == 401
    assert_too_many(guess(door, address="10.2.0.1"), 3600)


def test_one_address_that_tries_many_accounts_waits(door, app, monkeypatch):
    monkeypatch.setattr(passwords, "verify", lambda _hash, _password: False)
    for number in range(100):
        assert guess(door, name=f"user{number}").status_code == 401
    assert_too_many(guess(door, name="another"), 900)


def test_the_page_and_the_api_count_together(door, user, send_form):
    for _ in range(5):
        assert guess(door, address="127.0.0.1").status_code == 401
        assert (
            send_form(door, "/login", username="ada", password="not the password").status_code
            == 401
        )
    page = send_form(door, "/login", username="ada", password="not the password")
    assert page.status_code == 429
    assert page.mimetype == "text/html"
    assert "Retry-After" in page.headers
    assert_too_many(guess(door, address="127.0.0.1"), 300)


def test_showing_the_page_does_not_count(door, user):
    for _ in range(130):
        assert door.get("/login").status_code == 200


def test_a_class_of_forty_registers_and_logs_in_behind_one_address(door, app):
    for number in range(40):
        body = {"username": f"learner{number}", "email": "mistyped", "password": PASSWORD}
        if number % 2:
            assert door.post(REGISTER, json=body).status_code == 422
    for number in range(40):
        body = {
            "username": f"learner{number}",
            "email": f"l{number}@example.org",
            "password": PASSWORD,
        }
        assert door.post(REGISTER, json=body).status_code == 201
    for number in range(40):
        assert guess(door, name=f"learner{number}", password=PASSWORD).status_code == 200


def test_a_flood_of_registrations_waits(door, app):
    statuses = [door.post(REGISTER, json={}).status_code for _ in range(61)]
    assert statuses == [422] * 60 + [429]
    assert_too_many(door.post(REGISTER, json={}), 60)


@pytest.mark.parametrize("address", ["ada@example.org", "nobody@example.org"])
def test_one_address_gets_few_letters_known_or_not(door, user, address):
    for _ in range(3):
        assert door.post(FORGOT, json={"email": address}).status_code == 202
    assert_too_many(door.post(FORGOT, json={"email": address.upper()}), 3600)


def test_guessing_links_waits(door, app):
    body = {"token": "made-up", "new_password": PASSWORD}
    for _ in range(20):
        assert door.post("/api/v1/auth/password/reset", json=body).status_code == 422
    assert_too_many(door.post("/api/v1/auth/password/reset", json=body), 300)


def test_a_limit_that_is_not_reached_asks_nobody_to_wait(door, user, send_form):
    assert "Retry-After" not in guess(door, password=PASSWORD).headers
    assert "Retry-After" not in send_form(door, "/login", username="ada", password=PASSWORD).headers


def test_asking_for_letters_waits(limited, user, signed_in, send_form):
    page = "/settings/notifications"
    browser = limited.test_client()
    send_form(browser, "/login", username="ada", password=PASSWORD)
    for _ in range(3):
        assert send_form(browser, f"{page}/confirm", page).status_code == 303
    assert send_form(browser, f"{page}/confirm", page).status_code == 429


def test_refreshing_waits(door, user):
    headers = {"Authorization": f"Bearer {logins.issue_tokens(user)['refresh_token']}"}
    for _ in range(120):
        assert door.post(REFRESH, headers=headers).status_code == 200
    assert_too_many(door.post(REFRESH, headers=headers), 60)


def test_making_tokens_waits(door, make_user):
    ada, bob = make_user("ada"), make_user("bob")
    headers = {"Authorization": f"Bearer {logins.issue_tokens(ada)['access_token']}"}
    for _ in range(30):
        assert door.post(TOKENS, json={}, headers=headers).status_code == 201
    assert_too_many(door.post(TOKENS, json={}, headers=headers), 3600)
    headers = {"Authorization": f"Bearer {logins.issue_tokens(bob)['access_token']}"}
    assert door.post(TOKENS, json={}, headers=headers).status_code == 201


def test_a_stolen_session_cannot_guess_the_password(door, user):
    headers = {"Authorization": f"Bearer {logins.issue_tokens(user)['access_token']}"}
    for _ in range(10):
        answer = door.delete("/api/v1/users/me", json={"password": "not it"}, headers=headers)
        assert answer.status_code == 422
    assert_too_many(
        door.delete("/api/v1/users/me", json={"password": PASSWORD}, headers=headers), 300
    )
    change = {"current_password": PASSWORD, "new_password": "another horse battery"}
    assert_too_many(door.put("/api/v1/users/me/password", json=change, headers=headers), 300)


@pytest.mark.parametrize(
    "body", [b"[]", b'{"username": {"a": 1}}', b"{", b"[" * 100_000, b'"x"', b"\xff"]
)
def test_an_odd_body_is_counted_and_breaks_nothing(door, app, body):
    for path in (LOGIN, FORGOT):
        assert door.post(path, data=body, content_type="application/json").status_code in (400, 422)


def test_ten_trainings_a_minute(door, user, bearer, quest):
    headers = bearer(user)
    address = f"/api/v1/quests/{quest.id}/train"
    for number in range(10):
        answer = door.post(address, json={"code": f"x = {number}"}, headers=headers)
        assert answer.status_code == 202
        # Three at once and no more is another rule: this one is over.
        db.session.execute(sa.update(Submission).values(status="failed"))
        db.session.commit()
    assert_too_many(door.post(address, json={"code": "x"}, headers=headers), 60)
