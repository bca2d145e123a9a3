"""Coming in and going out."""

from __future__ import annotations

from datetime import timedelta

import pytest
from argon2 import PasswordHasher, extract_parameters

from mlarena.accounts import service
from mlarena.core.clock import freeze, utcnow
from mlarena.core.db import db

pytestmark = pytest.mark.real_hashes

PASSWORD = "correct horse battery"
DOOR = "/api/v1/auth/login"


@pytest.mark.parametrize("name", ["ada", "ADA", " ada ", "ada@example.org", "Ada@Example.Org"])
def test_by_name_or_address_in_any_spelling(client, user, name):
    answer = client.post(DOOR, json={"username": name, "password": PASSWORD})
    assert answer.status_code == 200
    data = answer.json["data"]
    assert set(data) == {"access_token", "refresh_token", "token_type", "expires_in"}
    assert (data["token_type"], data["expires_in"]) == ("bearer", 900)
    headers = {"Authorization": f"Bearer {data['access_token']}"}
    assert client.get("/api/v1/users/me", headers=headers).json["data"]["id"] == user.id
    assert "Set-Cookie" not in answer.headers


def test_a_stranger_and_a_wrong_password_get_the_same_answer(client, user):
    wrong = client.post(DOOR, json={"username": "ada", "password": "not the password"})
    nobody = client.post(DOOR, json={"username": "nobody", "password": "not the password"})
    assert wrong.status_code == nobody.status_code == 401
    assert wrong.json == nobody.json


def test_a_stranger_costs_as_much_work_as_a_wrong_password(app, user, monkeypatch):
    """One comparison each, by the same parameters: they decide how long it takes."""
    compared = []
    verify = PasswordHasher.verify

    def watched(hasher, hashed, password):
        compared.append(extract_parameters(hashed))
        return verify(hasher, hashed, password)

    monkeypatch.setattr(PasswordHasher, "verify", watched)
    for name in ("ada", "nobody"):
        with pytest.raises(service.Unauthorized):
            service.authenticate(name, "not the password")
    known, unknown = compared
    assert known == unknown


@pytest.mark.parametrize("name", ["\x1f", "a" * 5000, "@", "' OR 1=1 --", "ada\u0000", "*", "%"])
def test_odd_names_are_nobody(client, user, name):
    answer = client.post(DOOR, json={"username": name, "password": PASSWORD})
    assert answer.status_code in (401, 422)


def test_an_old_hash_is_renewed_at_the_next_login(client, user):
    user.password_hash = PasswordHasher(time_cost=1, memory_cost=8192, parallelism=1).hash(PASSWORD)
    db.session.commit()
    assert client.post(DOOR, json={"username": "ada", "password": PASSWORD}).status_code == 200
    db.session.refresh(user)
    assert "m=19456,t=2,p=1" in user.password_hash
    assert client.post(DOOR, json={"username": "ada", "password": PASSWORD}).status_code == 200


def test_a_browser_logs_in_and_out(client, user, send_form):
    assert client.get("/settings").location == "/login?next=/settings"
    answer = send_form(client, "/login?next=/settings", username="ada", password=PASSWORD)
    assert (answer.status_code, answer.location) == (302, "/settings")
    assert client.get("/settings").status_code == 200
    left = send_form(client, "/logout", page="/settings")
    assert (left.status_code, left.location) == (302, "/login")
    assert left.headers["Clear-Site-Data"] == '"cache", "storage"'
    assert client.get("/settings").status_code == 302


def test_logging_out_needs_a_post(client, user, signed_in):
    browser = signed_in(user)
    assert browser.get("/logout").status_code == 405
    assert browser.get("/settings").status_code == 200


def test_a_wrong_password_is_said_above_the_form_and_what_was_typed_stays(client, user, send_form):
    answer = send_form(client, "/login", username="ada", password="not the password")
    assert answer.status_code == 401
    assert "do not belong together" in answer.text
    assert 'value="ada"' in answer.text
    assert "not the password" not in answer.text


def test_the_session_is_a_new_one_after_login(client, user, send_form):
    """A cookie planted before the login must not become the learner's session (fixation)."""
    with client.session_transaction() as session:
        session["planted"] = "by an attacker"
    client.get("/login")
    before = client.get_cookie("session").value
    send_form(client, "/login", username="ada", password=PASSWORD)
    assert client.get_cookie("session").value != before
    with client.session_transaction() as session:
        assert "planted" not in session


def test_a_copied_cookie_dies_with_the_logout(app, client, user, send_form):
    send_form(client, "/login", username="ada", password=PASSWORD)
    thief = app.test_client()
    thief.set_cookie("session", client.get_cookie("session").value)
    assert thief.get("/settings").status_code == 200
    send_form(client, "/logout", page="/settings")
    assert thief.get("/settings").status_code == 302


def test_a_session_ends_by_itself_after_a_day_or_after_thirty(app, user, send_form):
    short, long = app.test_client(), app.test_client()
    send_form(short, "/login", username="ada", password=PASSWORD)
    send_form(long, "/login", username="ada", password=PASSWORD, remember="y")
    assert short.get_cookie("session").expires is None
    assert long.get_cookie("session").expires > utcnow() + timedelta(days=29)
    with freeze(utcnow() + timedelta(days=2)):
        assert short.get("/settings").status_code == 302
        assert long.get("/settings").status_code == 200
    with freeze(utcnow() + timedelta(days=31)):
        assert long.get("/settings").status_code == 302


def test_who_is_in_is_sent_onwards_from_the_doors(user, signed_in):
    browser = signed_in(user)
    for door in ("/login?next=/quests", "/register?next=/quests"):
        assert browser.get(door).location == "/quests"


@pytest.mark.parametrize(
    "target",
    [
        "https://evil.example/",
        "//evil.example/",
        "///evil.example",
        "/\\evil.example",
        "\\\\evil.example",
        "javascript:alert(1)",
        "http:evil.example",
        "/\tevil",
        " /settings",
        "settings",
        "",
    ],
)
def test_next_leads_nowhere_else(client, user, send_form, target):
    from urllib.parse import quote

    answer = send_form(
        client, f"/login?next={quote(target, safe='')}", username="ada", password=PASSWORD
    )
    assert (answer.status_code, answer.location) == (302, "/")


def test_a_session_follows_the_key_it_is_signed_with(app, user, signed_in, monkeypatch):
    """Its signer is kept between requests, so keys change between two of them."""
    browser, old = signed_in(user), app.secret_key

    def is_in():
        return browser.get("/settings").status_code == 200

    assert is_in()
    monkeypatch.setattr(app, "secret_key", "a new key, as long as it should be")
    assert not is_in()
    # The list itself grows: it need not be another one.
    fallbacks: list[str] = []
    monkeypatch.setitem(app.config, "SECRET_KEY_FALLBACKS", fallbacks)
    assert not is_in()
    fallbacks.append(old)
    assert is_in()
    monkeypatch.setitem(app.config, "SECRET_KEY_FALLBACKS", None)
    assert not is_in()
    monkeypatch.setattr(app, "secret_key", old)
    assert is_in()
