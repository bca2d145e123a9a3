"""Tokens for scripts."""

from __future__ import annotations

import hashlib
import re
from datetime import timedelta

import pytest
import sqlalchemy as sa

from mlarena.accounts import tokens
from mlarena.accounts.models import PersonalToken
from mlarena.core.clock import freeze, utcnow
from mlarena.core.db import db

DOOR = "/api/v1/auth/tokens"
ME = "/api/v1/users/me"


def show(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


@pytest.fixture
def made(client, user, bearer):
    answer = client.post(DOOR, json={"name": "notebook"}, headers=bearer(user))
    assert answer.status_code == 201
    return answer.json["data"]


def test_it_opens_what_its_user_may_open(client, user, made):
    assert re.fullmatch(r"mla_[A-Za-z0-9_-]{43}", made["token"])
    assert client.get(ME, headers=show(made["token"])).json["data"]["id"] == user.id


def test_it_is_shown_once_and_kept_as_a_hash(client, user, bearer, made):
    listed = client.get(DOOR, headers=bearer(user))
    assert made["token"] not in listed.text
    assert [token["name"] for token in listed.json["data"]] == ["notebook"]
    assert listed.json["meta"] == {"page": 1, "per_page": 20, "total": 1, "pages": 1}
    row = db.session.scalar(sa.select(PersonalToken))
    assert row.token_hash == hashlib.sha256(made["token"].encode()).hexdigest()


def test_a_revoked_one_is_refused(client, user, bearer, made):
    assert client.delete(f"{DOOR}/{made['id']}", headers=bearer(user)).status_code == 200
    answer = client.get(ME, headers=show(made["token"]))
    assert answer.status_code == 401
    assert "revoked" in answer.json["message"]
    assert client.delete(f"{DOOR}/{made['id']}", headers=bearer(user)).status_code == 404
    assert client.get(DOOR, headers=bearer(user)).json["data"] == []


def test_it_may_revoke_itself(client, made):
    assert client.delete(f"{DOOR}/{made['id']}", headers=show(made["token"])).status_code == 200
    assert client.get(ME, headers=show(made["token"])).status_code == 401


def test_nobody_revokes_anothers(client, make_user, bearer, made):
    answer = client.delete(f"{DOOR}/{made['id']}", headers=bearer(make_user("bob", role="admin")))
    assert answer.status_code == 404
    assert client.get(ME, headers=show(made["token"])).status_code == 200


def test_it_expires_on_its_day(client, user, bearer):
    made = client.post(DOOR, json={"expires_in_days": 7}, headers=bearer(user)).json["data"]
    with freeze(utcnow() + timedelta(days=6)):
        assert client.get(ME, headers=show(made["token"])).status_code == 200
    with freeze(utcnow() + timedelta(days=8)):
        answer = client.get(ME, headers=show(made["token"]))
        assert answer.status_code == 401
        assert "expired" in answer.json["message"]


def test_one_token_cannot_make_another(client, made):
    assert client.post(DOOR, json={"name": "heir"}, headers=show(made["token"])).status_code == 403


def test_it_has_no_login_to_end(client, made):
    assert client.post("/api/v1/auth/logout", headers=show(made["token"])).status_code == 409
    assert client.get(ME, headers=show(made["token"])).status_code == 200


def test_its_use_is_noted_at_most_once_a_minute(client, user, made):
    row = db.session.get(PersonalToken, made["id"])
    start = utcnow()
    with freeze(start):
        client.get(ME, headers=show(made["token"]))
    with freeze(start + timedelta(seconds=59)):
        client.get(ME, headers=show(made["token"]))
    db.session.refresh(row)
    assert row.last_used_at == start
    with freeze(start + timedelta(seconds=61)):
        client.get(ME, headers=show(made["token"]))
    db.session.refresh(row)
    assert row.last_used_at == start + timedelta(seconds=61)


def test_a_new_password_ends_it(client, user, bearer, made):
    body = {"current_password": "correct horse battery", "new_password": "another horse battery"}
    client.put("/api/v1/users/me/password", json=body, headers=bearer(user))
    assert client.get(ME, headers=show(made["token"])).status_code == 401


@pytest.mark.parametrize(
    "body",
    [{"name": ""}, {"name": "x" * 65}, {"name": "a\x07b"}, {"name": "a\x00"}, {"expires_in_days": 0},
     {"expires_in_days": 10**30}, {"expires_in_days": "soon"}, {"scope": "all"}],
)  # fmt: skip
def test_wrong_wishes_are_refused(client, user, bearer, body):
    assert client.post(DOOR, json=body, headers=bearer(user)).status_code == 422
    assert db.session.scalar(sa.select(sa.func.count()).select_from(PersonalToken)) == 0


def test_fifty_are_enough(user):
    for number in range(tokens.MOST_TOKENS):
        tokens.issue(user, f"script {number}")
    with pytest.raises(tokens.Conflict, match="Revoke one"):
        tokens.issue(user, "one more")


def test_the_settings_page_makes_shows_and_revokes(user, signed_in, send_form, client):
    browser = signed_in(user)
    made = send_form(
        browser, "/settings/tokens", page="/settings", name="note<b>ook", expires_in_days=""
    )
    assert made.status_code == 200
    text = re.search(r"<code>(mla_[^<]+)</code>", made.text)[1]
    assert made.headers["Cache-Control"] == "no-store"
    assert client.get(ME, headers=show(text)).status_code == 200
    page = browser.get("/settings").text
    assert text not in page
    assert "note&lt;b&gt;ook" in page
    row = db.session.scalar(sa.select(PersonalToken))
    send_form(browser, f"/settings/tokens/{row.id}/revoke", page="/settings")
    assert client.get(ME, headers=show(text)).status_code == 401


def test_the_settings_page_says_what_is_wrong(user, signed_in, send_form):
    browser = signed_in(user)
    answer = send_form(browser, "/settings/tokens", page="/settings", name="", expires_in_days="0")
    assert answer.status_code == 422
    assert 'id="name-error"' in answer.text
    assert 'id="expires_in_days-error"' in answer.text
