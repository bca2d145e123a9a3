"""Secrets do not leak: not to logs, not to answers, not to the database in clear."""

from __future__ import annotations

import logging
import re
import traceback

import pytest
import sqlalchemy as sa

from mlarena.app import create_app
from mlarena.core.db import db

PASSWORD, NEW = "correct horse battery", "another horse battery"


@pytest.fixture
def secrets(client, caplog, app):
    """Walk through everything that handles a secret, with the log wide open; return them."""
    caplog.set_level(logging.DEBUG)
    app.extensions["mailman"].outbox = []
    known = {"username": "ada", "email": "ada@example.org", "password": PASSWORD}
    client.post("/api/v1/auth/register", json=known)
    client.post("/api/v1/auth/login", json={"username": "ada", "password": "mistyped horse"})
    pair = client.post("/api/v1/auth/login", json=known | {"email": None}).status_code
    assert pair == 422
    pair = client.post("/api/v1/auth/login", json={"username": "ada", "password": PASSWORD}).json[
        "data"
    ]
    headers = {"Authorization": f"Bearer {pair['access_token']}"}
    personal = client.post("/api/v1/auth/tokens", json={}, headers=headers).json["data"]["token"]
    client.get("/api/v1/users/me", headers={"Authorization": f"Bearer {personal}x"})
    changed = client.put(
        "/api/v1/users/me/password",
        json={"current_password": PASSWORD, "new_password": NEW},
        headers=headers,
    )
    assert changed.status_code == 200
    return [PASSWORD, NEW, "mistyped horse", personal, pair["access_token"], pair["refresh_token"]]


def test_the_log_holds_none(secrets, caplog, capfd):
    written = caplog.text + "".join(capfd.readouterr())
    for secret in secrets:
        assert secret not in written


def test_the_database_holds_none_in_clear(secrets):
    for table in db.metadata.sorted_tables:
        for row in db.session.execute(sa.select(table)):
            for secret in secrets:
                assert secret not in repr(row), table.name


def test_no_public_answer_shows_an_address_or_a_hash(client, user):
    pages = [
        "/",
        "/boards",
        f"/users/{user.id}",
        "/api/v1/users",
        f"/api/v1/users/{user.id}",
        "/api/v1/leaderboard",
    ]
    for path in pages:
        text = client.get(path).text
        assert "@example.org" not in text, path
        assert "argon2" not in text, path


def test_a_failed_statement_does_not_log_its_parameters_in_production(app, settings, tmp_path):
    """They would be people's addresses and password hashes."""
    changed = {
        "mlarena_env": "production",
        "mlarena_data": tmp_path,
        "public_url": "https://arena.example",
    }
    house = create_app(settings.model_copy(update=changed))
    with house.app_context():
        for statement in (
            "SELECT :secret FROM nowhere",
            "INSERT INTO users (username, username_key, email, email_key, full_name, password_hash, role,"
            " timezone, kaggle_username, listed, credentials_version, created_at) VALUES ('a', 'a', 'a',"
            " 'a', :secret, :secret, 'king', 'UTC', '', true, 1, '2026-01-01')",
        ):
            with pytest.raises(sa.exc.DBAPIError) as failed:
                db.session.execute(sa.text(statement), {"secret": PASSWORD})
            log = "".join(traceback.format_exception(failed.value))
            assert PASSWORD not in log
            assert "nowhere" in log or "role" in log
            db.session.rollback()
        db.session.remove()
        db.engine.dispose()


def test_the_cookie_holds_no_secret(client, user, send_form):
    send_form(client, "/login", username="ada", password=PASSWORD)
    with client.session_transaction() as session:
        assert set(session) <= {
            "_user_id",
            "_fresh",
            "_id",
            "login",
            "csrf_token",
            "_flashes",
            "_permanent",
        }
        assert PASSWORD not in repr(dict(session))
        assert re.fullmatch(r"\d+:\d+", session["_user_id"])


def test_a_new_installation_has_no_users(app):
    from mlarena.accounts.models import User

    assert db.session.scalar(sa.select(sa.func.count()).select_from(User)) == 0
