"""Another site must not act through a learner's browser."""

from __future__ import annotations

import re

import pytest

from mlarena.core.api import csrf
from mlarena.core.db import db

ME = "/api/v1/users/me"
PASSWORD = "correct horse battery"


def token_of(browser) -> str:
    return re.search(r'name="csrf-token" content="([^"]+)"', browser.get("/settings").text)[1]


PAGES = [
    "/login", "/register", "/logout", "/password/forgot", "/settings/profile", "/settings/password",
    "/settings/tokens", "/settings/tokens/1/revoke", "/settings/delete", "/quests/1",
    "/teach/webhooks/new", "/teach/webhooks/1/ping", "/teach/lti/new", "/teach/lti/key", "/teach/lti/1/off",
    "/teach/lti/links/1", "/lti/welcome/link", "/lti/welcome/new", "/notifications/read",
    "/tasks/1/report", "/teach/reports/1", "/teach/reports/1/close",
    "/notifications/1/read", "/settings/notifications/kinds", "/settings/notifications/habits",
    "/settings/notifications/confirm", "/settings/calendar", "/settings/calendar/revoke",
]  # fmt: skip


@pytest.mark.parametrize("path", PAGES)
def test_a_form_without_its_token_is_refused(user, signed_in, path):
    browser = signed_in(user)
    answer = browser.post(path, data={"full_name": "Eve", "password": PASSWORD})
    assert answer.status_code == 400
    assert answer.mimetype == "text/html"
    assert browser.get("/settings").status_code == 200
    db.session.refresh(user)
    assert user.full_name == ""


def test_three_pages_doors_alone_take_a_post_without_a_token(app):
    """Other systems send to them; what is sent is signed, or shows a secret (docs/security.md)."""
    open_ = {
        endpoint
        for endpoint, view in app.view_functions.items()
        if f"{view.__module__}.{view.__name__}" in csrf._exempt_views
    }
    assert open_ == {"lti.login", "lti.launch", "telegram_webhook.receive"}


def test_every_form_of_a_page_carries_its_token(user, signed_in, client):
    for browser, path in (
        (signed_in(user), "/settings"),
        (signed_in(user), "/settings/notifications"),
        (signed_in(user), "/settings/calendar"),
        (client, "/login"),
        (client, "/register"),
    ):
        page = browser.get(path).text
        for form in re.findall(r'<form[^>]*method="post".*?</form>', page, re.DOTALL):
            assert 'name="csrf_token"' in form


def test_the_token_of_another_session_is_refused(make_user, signed_in):
    ada, eve = signed_in(make_user("ada")), signed_in(make_user("eve"))
    stolen = token_of(eve)
    assert (
        ada.post("/settings/profile", data={"csrf_token": stolen, "full_name": "Eve"}).status_code
        == 400
    )
    assert (
        ada.patch(ME, json={"full_name": "Eve"}, headers={"X-CSRFToken": stolen}).status_code == 400
    )


@pytest.mark.parametrize(
    ("method", "path"),
    [("PATCH", ME), ("DELETE", ME), ("PUT", f"{ME}/password"), ("POST", "/api/v1/auth/tokens"),
     ("DELETE", "/api/v1/auth/tokens/1"), ("POST", "/api/v1/auth/logout"),
     ("POST", "/api/v1/quests/1/submit")],
)  # fmt: skip
def test_the_api_wants_the_header_from_a_session(user, signed_in, method, path):
    browser = signed_in(user)
    body = {"full_name": "Eve", "password": PASSWORD}
    answer = browser.open(path, method=method, json=body)
    assert answer.status_code == 400
    assert answer.json["status"] == "error"
    assert browser.get(ME).json["data"]["full_name"] == ""


def test_with_the_header_a_session_may(user, signed_in):
    browser = signed_in(user)
    answer = browser.patch(
        ME, json={"full_name": "Ada"}, headers={"X-CSRFToken": token_of(browser)}
    )
    assert answer.json["data"]["full_name"] == "Ada"


def test_a_bearer_token_needs_no_header(client, user, bearer):
    assert client.patch(ME, json={"full_name": "Ada"}, headers=bearer(user)).status_code == 200


def test_a_bad_bearer_token_does_not_open_the_session_instead(user, signed_in):
    answer = signed_in(user).patch(
        ME, json={"full_name": "Eve"}, headers={"Authorization": "Basic eDp4"}
    )
    assert answer.status_code == 401
    db.session.refresh(user)
    assert user.full_name == ""


def test_who_only_looked_at_a_page_may_log_in_by_the_api(client, user):
    client.get("/login")
    answer = client.post("/api/v1/auth/login", json={"username": "ada", "password": PASSWORD})
    assert answer.status_code == 200


def test_a_form_of_another_site_cannot_pose_as_json(user, signed_in):
    browser = signed_in(user)
    for kind in (
        "text/plain",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
    ):
        answer = browser.patch(
            ME,
            data='{"full_name": "Eve"}',
            content_type=kind,
            headers={"X-CSRFToken": token_of(browser)},
        )
        assert answer.status_code == 415
