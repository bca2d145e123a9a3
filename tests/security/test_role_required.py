"""`role_required` on a page and on an API door. No shipped door needs it yet, so these are made here."""

from __future__ import annotations

import pytest
from flask import Flask

from mlarena.accounts.permissions import api_login_required, role_required
from mlarena.app import create_app
from mlarena.core.config import Settings
from mlarena.core.db import db

pytestmark = pytest.mark.pure


@pytest.fixture(scope="module")
def doors(migrated_app, settings: Settings):
    app: Flask = create_app(settings)
    app.test_client_class = migrated_app.test_client_class
    for path in ("/staff", "/api/v1/staff"):
        app.add_url_rule(path, path, role_required("instructor")(lambda: "in"))
    app.add_url_rule("/api/v1/admins", "admins", role_required("admin")(lambda: "in"))
    app.add_url_rule("/api/v1/members", "members", api_login_required(lambda: "in"))
    return app


@pytest.fixture
def visit(app, doors, make_user, signed_in):
    def go(role: str | None, path: str):
        browser = doors.test_client()
        if role:
            known = signed_in(make_user(role, role=role))
            browser.set_cookie("session", known.get_cookie("session").value)
        return browser.get(path)

    yield go
    with doors.app_context():
        db.engine.dispose()


@pytest.mark.parametrize(
    ("role", "page"), [(None, 302), ("learner", 403), ("instructor", 200), ("admin", 200)]
)
def test_a_page_for_staff(visit, role, page):
    answer = visit(role, "/staff")
    assert answer.status_code == page
    assert answer.location == (None if role else "/login?next=/staff")


@pytest.mark.parametrize(
    ("role", "staff", "admins", "members"),
    [
        (None, 401, 401, 401),
        ("learner", 403, 403, 200),
        ("instructor", 200, 403, 200),
        ("admin", 200, 200, 200),
    ],
)
@pytest.mark.parametrize("door", ["staff", "admins", "members"])
def test_an_api_door(visit, role, staff, admins, members, door):
    answer = visit(role, f"/api/v1/{door}")
    assert answer.status_code == {"staff": staff, "admins": admins, "members": members}[door]
    if answer.status_code >= 400:
        assert answer.json["status"] == "error"
