"""The access and refresh tokens of a login."""

from __future__ import annotations

from datetime import timedelta

import jwt
import pytest
from flask_jwt_extended import create_access_token, create_refresh_token

from mlarena.accounts import logins
from mlarena.core.clock import freeze, utcnow
from mlarena.core.db import db

ME = "/api/v1/users/me"
REFRESH = "/api/v1/auth/refresh"


def show(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


@pytest.fixture
def pair(app, user):
    return logins.issue_tokens(user)


def assert_refused(answer, words: str) -> None:
    assert answer.status_code == 401
    assert answer.json["status"] == "error"
    assert words in answer.json["message"]
    assert answer.headers["WWW-Authenticate"] == "Bearer"


def test_the_refresh_token_brings_a_new_access_token(client, user, pair):
    answer = client.post(REFRESH, headers=show(pair["refresh_token"]))
    assert answer.status_code == 200
    assert set(answer.json["data"]) == {"access_token", "token_type", "expires_in"}
    assert (
        client.get(ME, headers=show(answer.json["data"]["access_token"])).json["data"]["id"]
        == user.id
    )


def test_each_token_opens_its_own_doors_only(client, pair):
    assert_refused(client.get(ME, headers=show(pair["refresh_token"])), "refresh token")
    assert_refused(
        client.post(REFRESH, headers=show(pair["access_token"])), "takes the refresh token"
    )


def test_logging_out_ends_both_tokens_of_this_login_and_no_other(client, user, pair):
    other = logins.issue_tokens(user)
    renewed = client.post(REFRESH, headers=show(pair["refresh_token"])).json["data"]["access_token"]
    assert client.post("/api/v1/auth/logout", headers=show(pair["access_token"])).status_code == 200
    for token in (pair["access_token"], renewed):
        assert_refused(client.get(ME, headers=show(token)), "revoked")
    assert_refused(client.post(REFRESH, headers=show(pair["refresh_token"])), "revoked")
    assert client.get(ME, headers=show(other["access_token"])).status_code == 200


def test_an_expired_token_is_refused_and_says_how_to_go_on(client, user):
    login = logins.open_login(user, logins.REFRESH)
    claims = {"login": login.id, "version": user.credentials_version}
    old = timedelta(seconds=-1)
    access = create_access_token(str(user.id), expires_delta=old, additional_claims=claims)
    refresh = create_refresh_token(str(user.id), expires_delta=old, additional_claims=claims)
    assert_refused(client.get(ME, headers=show(access)), "/api/v1/auth/refresh")
    assert_refused(client.post(REFRESH, headers=show(refresh)), "log in again")


def test_a_signature_is_checked_once_and_a_token_still_ends(client, user, pair, monkeypatch):
    """Its time, its key, its kind and its login are looked at every time."""
    checked = []
    decode = logins.decode_token
    monkeypatch.setattr(logins, "decode_token", lambda token: checked.append(1) or decode(token))
    token = pair["access_token"]
    for _ in range(3):
        assert client.get(ME, headers=show(token)).status_code == 200
    assert len(checked) == 1
    assert_refused(client.post(REFRESH, headers=show(token)), "the refresh token")
    assert_refused(client.get(ME, headers=show(token[:-2] + "xx")), "token")
    later = logins.time.time() + logins.ACCESS.total_seconds() + 1
    monkeypatch.setattr(logins.time, "time", lambda: later)
    client.get(ME, headers=show(token))
    assert len(checked) == 3, (
        "what is over is checked again, and refused by the library's own clock"
    )
    monkeypatch.undo()
    logins.end_login(db.session.query(logins.LoginSession).one().id)
    assert_refused(client.get(ME, headers=show(token)), "revoked")


def test_a_login_is_over_after_thirty_days(client, pair):
    with freeze(utcnow() + timedelta(days=31)):
        assert_refused(client.get(ME, headers=show(pair["access_token"])), "revoked")


def test_a_token_of_another_key_is_refused(app, client, user, pair):
    claims = jwt.decode(pair["access_token"], options={"verify_signature": False})
    for key in ("another key, as long as it should be", app.secret_key):
        foreign = jwt.encode(claims, key, "HS256")
        assert_refused(client.get(ME, headers=show(foreign)), "not signed here")


def test_an_unsigned_token_is_refused(client, pair):
    claims = jwt.decode(pair["access_token"], options={"verify_signature": False})
    assert_refused(client.get(ME, headers=show(jwt.encode(claims, None, "none"))), "not a token")


@pytest.mark.parametrize(
    "claims",
    [{}, {"login": "x"}, {"login": "x", "version": "many"}, {"login": None, "version": None}],
)
def test_a_well_signed_token_without_our_claims_is_refused(client, user, claims):
    token = create_access_token(str(user.id), additional_claims=claims)
    assert client.get(ME, headers=show(token)).status_code == 401


@pytest.mark.parametrize("subject", ["0", "-1", "1e3", "x", str(10**30), "٣"])
def test_a_well_signed_token_of_no_user_is_refused(client, user, subject):
    login = logins.open_login(user, logins.REFRESH)
    token = create_access_token(subject, additional_claims={"login": login.id, "version": 1})
    assert client.get(ME, headers=show(token)).status_code == 401


@pytest.mark.parametrize(
    "header",
    ["", "Bearer", "Bearer ", "Bearer x", "Bearer a.b.c", "Bearer mla_", "Bearer mla_" + "A" * 43, "Token x",
     "Basic YWRhOmFkYQ==", "bearer\tx", "Bearer " + "A" * 7000, "Bearer \xff\xfe", "Bearer a b c"],
)  # fmt: skip
def test_what_is_no_token_is_refused_in_json(client, header):
    answer = client.get(ME, headers={"Authorization": header})
    assert answer.status_code == 401
    assert answer.json["status"] == "error"


def test_a_bad_token_is_not_mended_by_a_good_cookie(user, signed_in):
    browser = signed_in(user)
    assert browser.get(ME).status_code == 200
    assert browser.get(ME, headers=show("bad")).status_code == 401
    assert browser.get(ME, headers={"Authorization": "Basic YWRhOmFkYQ=="}).status_code == 401


def test_a_bad_token_fails_also_where_nobody_needs_one(client, user):
    assert client.get("/api/v1/users").status_code == 200
    assert client.get("/api/v1/users", headers=show("bad")).status_code == 401


def test_a_script_may_log_in_again_with_its_old_token_in_hand(client, user):
    body = {"username": "ada", "password": "correct horse battery"}
    assert client.post("/api/v1/auth/login", json=body, headers=show("old")).status_code == 200


def test_a_token_acts_for_its_own_user_whoever_the_cookie_belongs_to(make_user, signed_in, bearer):
    ada, bob = make_user("ada"), make_user("bob")
    answer = signed_in(ada).get(ME, headers=bearer(bob))
    assert answer.json["data"]["username"] == "bob"


def test_tokens_and_cookies_end_with_the_password(client, user, pair, signed_in):
    browser = signed_in(user)
    answer = client.put(
        "/api/v1/users/me/password",
        json={"current_password": "correct horse battery", "new_password": "another horse battery"},
        headers=show(pair["access_token"]),
    )
    assert answer.status_code == 200
    assert_refused(client.get(ME, headers=show(pair["access_token"])), "revoked")
    assert_refused(client.post(REFRESH, headers=show(pair["refresh_token"])), "revoked")
    assert browser.get("/settings").status_code == 302
    assert client.get(ME, headers=show(answer.json["data"]["access_token"])).status_code == 200


def test_a_browser_logs_out_through_the_api(user, signed_in):
    browser = signed_in(user)
    import re

    token = re.search(r'name="csrf-token" content="([^"]+)"', browser.get("/settings").text)[1]
    assert browser.post("/api/v1/auth/logout").status_code == 400
    assert browser.post("/api/v1/auth/logout", headers={"X-CSRFToken": token}).status_code == 200
    assert browser.get(ME).status_code == 401


def test_logins_that_are_over_are_swept_out(app, user):
    import sqlalchemy as sa

    from mlarena.accounts.models import LoginSession

    with freeze(utcnow() - timedelta(days=60)):
        logins.issue_tokens(user)
        logins.issue_tokens(user)
    logins.issue_tokens(user)
    assert db.session.scalar(sa.select(sa.func.count()).select_from(LoginSession)) == 1
