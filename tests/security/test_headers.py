"""What every answer carries, and what no page contains."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest

from mlarena.app import create_app
from mlarena.core.config import Settings
from mlarena.core.db import db

pytestmark = pytest.mark.pure

PASSWORD = "correct horse battery"
PUBLIC = [
    "/",
    "/login",
    "/register",
    "/password/forgot",
    "/quests",
    "/boards",
    "/boards/weekly",
    "/api/docs",
]
SIGNED_IN = ["/", "/settings", "/quests", "/boards", "/submissions"]
NOT_PAGES = [
    "/robots.txt",
    "/healthz",
    "/api/v1/openapi.json",
    "/api/v1/quests",
    "/static/css/tokens.css",
]
MISSING = ["/nowhere", "/api/v1/nowhere", "/users/999999", "/logout", "/api/v1/auth/login"]


def policy(answer: Any) -> dict[str, str]:
    parts = answer.headers["Content-Security-Policy"].split(";")
    return dict(part.strip().split(" ", 1) for part in parts)


@pytest.mark.parametrize("path", PUBLIC + NOT_PAGES + MISSING)
def test_every_answer_is_hardened(client, path):
    answer = client.get(path)
    found = policy(answer)
    assert found["default-src"] == "'self'"
    assert found["object-src"] == found["base-uri"] == found["frame-ancestors"] == "'none'"
    assert found["form-action"] == "'self'"
    scripts = found.get("script-src", found["default-src"])
    assert "unsafe" not in scripts
    assert "http" not in scripts
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Referrer-Policy"] == "same-origin"
    assert answer.headers["Cross-Origin-Opener-Policy"] == "same-origin"
    assert "camera=()" in answer.headers["Permissions-Policy"]
    assert "Access-Control-Allow-Origin" not in answer.headers
    assert "X-Powered-By" not in answer.headers
    assert answer.content_type.split(";")[0] in {
        "text/html", "application/json", "text/plain", "text/css", "text/javascript",
    }  # fmt: skip


def test_only_the_documents_page_may_style_inline(client):
    loose = {
        path for path in PUBLIC if "unsafe" in client.get(path).headers["Content-Security-Policy"]
    }
    assert loose <= {"/api/docs"}


def assert_nothing_inline(page: str) -> None:
    assert not re.findall(r"<script(?![^>]*\bsrc=)", page)
    assert not re.findall(r"<style", page)
    assert not re.findall(r"<[^>]+\s(?:on\w+|style)\s*=", page)
    assert "javascript:" not in page
    assert not re.findall(r'(?:src|href|action)="(?:https?:)?//', page)


@pytest.mark.parametrize("path", [*PUBLIC, "/nowhere"])
def test_pages_bring_no_script_or_style_of_their_own(client, path):
    assert_nothing_inline(client.get(path).text)


@pytest.mark.parametrize("path", SIGNED_IN)
def test_pages_of_who_is_in_neither(user, quest, signed_in, path):
    answer = signed_in(user).get(path)
    assert answer.status_code == 200
    assert_nothing_inline(answer.text)


def test_a_name_full_of_markup_is_only_text(make_user, signed_in):
    name = "<script>alert(1)</script>\"'><img src=x onerror=alert(1)>"
    user = make_user("ada", full_name=name)
    for path in ("/settings", f"/users/{user.id}"):
        page = signed_in(user).get(path).text
        assert "<script>alert" not in page
        assert "<img src=x" not in page


def test_what_is_private_stays_out_of_caches(client, user, signed_in, bearer):
    for path in ("/login", "/register", "/password/forgot", "/password/reset/x"):
        assert client.get(path).headers["Cache-Control"] == "no-store"
    assert signed_in(user).get("/settings").headers["Cache-Control"] == "no-store"
    assert (
        client.get("/api/v1/users/me", headers=bearer(user)).headers["Cache-Control"] == "no-store"
    )
    body = {"username": "ada", "password": PASSWORD}
    assert client.post("/api/v1/auth/login", json=body).headers["Cache-Control"] == "no-store"
    assert "private" in client.get("/quests").headers["Cache-Control"]


def test_the_session_cookie_is_out_of_reach_of_scripts_and_other_sites(client, user, send_form):
    answer = send_form(client, "/login", username="ada", password=PASSWORD)
    [cookie] = [
        line for line in answer.headers.getlist("Set-Cookie") if line.startswith("session=")
    ]
    assert "HttpOnly" in cookie
    assert "SameSite=Lax" in cookie
    assert "Domain" not in cookie


def test_an_answer_without_a_reason_sets_no_cookie(client, user, bearer):
    headers = bearer(user)
    for path in ("/api/v1/users/me", "/api/v1/quests", "/healthz"):
        assert "Set-Cookie" not in client.get(path, headers=headers).headers


@pytest.fixture
def production(app: Any, settings: Settings, tmp_path: Any) -> Iterator[Any]:
    """The house as it runs in production, on the test's own database."""
    changed = {
        "mlarena_env": "production",
        "mlarena_data": tmp_path,
        "public_url": "https://arena.example",
    }
    house = create_app(settings.model_copy(update=changed))
    house.test_client_class = app.test_client_class
    yield house
    with house.app_context():
        db.engine.dispose()


def test_in_production_cookies_are_secure_and_https_is_kept(production, user, send_form):
    browser = production.test_client()
    https = {"base_url": "https://arena.example"}
    token = re.search(r'name="csrf_token" value="([^"]+)"', browser.get("/login", **https).text)[1]
    answer = browser.post(
        "/login",
        data={"csrf_token": token, "username": "ada", "password": PASSWORD},
        headers={"Referer": "https://arena.example/login"},
        **https,
    )
    assert answer.status_code == 302
    [cookie] = [line for line in answer.headers.getlist("Set-Cookie") if "session=" in line]
    assert cookie.startswith("__Host-session=")
    for flag in ("Secure", "HttpOnly", "SameSite=Lax", "Path=/"):
        assert flag in cookie
    assert "Domain" not in cookie
    assert answer.headers["Strict-Transport-Security"].startswith("max-age=31536000")


def test_in_production_an_error_shows_nothing_of_the_inside(production, monkeypatch):
    def broken() -> str:
        raise RuntimeError("a secret of the inside")

    production.view_functions["site.robots"] = broken
    answer = production.test_client().get("/robots.txt")
    assert answer.status_code == 500
    assert "secret" not in answer.text
    assert "Traceback" not in answer.text
