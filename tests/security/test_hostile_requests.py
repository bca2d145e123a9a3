"""Bad input at every JSON door: the right status, the envelope, never a 500."""

from __future__ import annotations

import re
from typing import Any

import pytest

from mlarena.accounts import logins
from mlarena.core.api import PREFIX
from tests.security.worlds import class_of, held, match_to_come, webhook_of

PASSWORD = "correct horse battery"


@pytest.fixture
def admin(make_user):
    return make_user("root", role="admin")


@pytest.fixture
def send(app, admin):
    """As an admin with a fresh login each time: some doors end the one that is used."""

    def go(method: str, path: str, **more: Any) -> Any:
        headers = {"Authorization": f"Bearer {logins.issue_tokens(admin)['access_token']}"}
        return app.test_client().open(path, method=method, headers=headers, **more)

    return go


def doors(app: Any) -> list[tuple[str, str, Any]]:
    """(method, path with 1 for every id, view) of every door of the API."""
    return [
        (method, re.sub(r"<[^>]+>", "1", rule.rule), app.view_functions[rule.endpoint])
        for rule in app.url_map.iter_rules()
        if rule.rule.startswith(f"{PREFIX}/") and rule.endpoint != "openapi.spec"
        for method in rule.methods - {"HEAD", "OPTIONS"}
    ]


def json_doors(app: Any) -> list[tuple[str, str]]:
    found = [
        (method, path)
        for method, path, view in doors(app)
        if getattr(view, "_spec", {}).get("content_type") == "application/json"
    ]
    assert len(found) >= 8
    return found


@pytest.mark.pure
@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"", 400),
        (b"{", 400),
        (b"{'a': 1}", 400),
        (b"\xff\xfe", 400),
        (b'{"a": ' + b"9" * 5000 + b"}", 400),
        (b"[" * 100_000, 400),
        (b'{"a":' * 3_000 + b"1" + b"}" * 3_000, 400),
        (b"[]", 422),
        (b"null", 422),
        (b'"text"', 422),
        (b"7", 422),
        (b"NaN", 422),
        (b'{"nobody_knows_this": 1}', 422),
        (b'{"username": "a\\u0000b"}', 422),
        (b'{"\\u0000": 1}', 422),
        (b'{"name": "\\ud800"}', 422),
        (b'{"\\udfff": {"a": ["\\u0000"]}}', 422),
        (b'{"name": 1e999}', 422),
        (b'{"name": ' + b"9" * 4000 + b"}", 422),
        (b"[" * 300 + b"]" * 300, 422),
    ],
    ids=lambda value: repr(value)[:30],
)
def test_a_body_that_no_door_can_take(app, send, body, status):
    for method, path in json_doors(app):
        answer = send(method, path, data=body, content_type="application/json")
        assert answer.status_code == status, path
        assert answer.json["status"] == "error", path
        assert answer.json["message"]


@pytest.mark.pure
def test_a_body_of_another_type(app, send):
    for method, path in json_doors(app):
        for kind in ("text/plain", "application/x-www-form-urlencoded", "application/xml"):
            answer = send(method, path, data=b"{}", content_type=kind)
            assert answer.status_code == 415, path
            assert answer.json["status"] == "error"


@pytest.mark.pure
def test_a_body_that_is_too_large(app, send):
    for method, path in json_doors(app):
        answer = send(method, path, data=b"x" * (3 << 20), content_type="application/json")
        assert answer.status_code == 413, path
        assert answer.json["status"] == "error"


def test_an_id_that_is_none(app, send):
    with_ids = [rule.rule for rule in app.url_map.iter_rules() if "<id:" in rule.rule]
    assert len(with_ids) > 5
    # All of them at some addresses; one converter reads them all, so the rest meet one of each kind.
    each = ("0", "9" * 40, "1%00")
    every = (*each, "-1", "1.5", "x", "١", "1e3", str(2**31), "%00", "..", "' OR 1=1")
    for place, rule in enumerate(with_ids):
        for wrong in each if place % 8 else every:
            path = re.sub(r"<id:[^>]+>", wrong, rule)
            path = re.sub(r"<[^>]+>", "train", path)
            for method in ("GET", "POST", "DELETE"):
                answer = send(method, path)
                assert answer.status_code in (400, 404, 405), path
                assert answer.is_json == path.startswith("/api/")


def paged_doors(app: Any, competition_id: int = 1) -> list[str]:
    spec = app.test_client().get(f"{PREFIX}/openapi.json").json
    found = [
        re.sub(r"{[^}]+}", "1", path.replace("{competition_id}", str(competition_id)))
        for path, operations in spec["paths"].items()
        if "page"
        in {parameter["name"] for parameter in operations.get("get", {}).get("parameters", [])}
    ]
    assert len(found) >= 6
    return found


@pytest.mark.pure
@pytest.mark.parametrize(
    "query",
    ["page=0", "page=-1", "page=x", "page=", "page=1.5", "page=%00", f"page={'9' * 40}", f"page={'9' * 5000}",
     "per_page=0", "per_page=101", "per_page=x", "page=1&nobody_knows_this=1", "page=NaN", "page=١%00"],
)  # fmt: skip
def test_a_page_that_is_none(app, send, query, quest):
    for path in paged_doors(app):
        answer = send("GET", f"{path}?{query}")
        assert answer.status_code == 422, path
        assert answer.json["status"] == "error"


def test_a_page_beyond_the_last_is_empty(app, send, admin, quest):
    match_to_come()
    class_of(admin, quest)
    webhook_of("lead")
    for path in paged_doors(app, held(admin, admin)):
        words = "&q=anything" if path.endswith("/search") else ""
        answer = send("GET", f"{path}?page=10000000&per_page=100{words}")
        assert answer.status_code == 200, path
        assert answer.json["data"] == []
        assert answer.json["meta"]["page"] == 10_000_000


def test_pages_of_people_take_odd_page_numbers_calmly(app, admin, signed_in, quest):
    browser = signed_in(admin)
    for path in ("/submissions", "/boards", "/boards/weekly", f"/boards/quest/{quest.id}"):
        for page in ("0", "-1", "x", "9" * 40, "%00", "", "1.5", "9" * 5000):
            assert browser.get(f"{path}?page={page}").status_code in (200, 302, 404, 422), (
                path,
                page,
            )


@pytest.mark.pure
def test_a_method_that_a_door_does_not_take(app, send):
    taken: dict[str, set[str]] = {}
    for method, path, _view in doors(app):
        taken.setdefault(path, set()).add(method)
    for path, methods in taken.items():
        for method in {"POST", "PUT", "PATCH", "DELETE"} - methods:
            answer = send(method, path)
            assert answer.status_code in (404, 405), path
            assert answer.json["status"] == "error"


@pytest.mark.pure
@pytest.mark.parametrize(
    "path",
    ["/%00", "/api/v1/%ff", "/api/v1/users/%2e%2e", "//evil", "/api/v1//users", "/" + "a" * 5000],
)
def test_an_address_that_leads_nowhere(client, path):
    assert client.get(path).status_code in (301, 308, 404, 400)


def test_forms_with_odd_text(client, user, send_form):
    odd = [
        "\x00",
        "a\x00b",
        "\u202e",
        "😀" * 50,
        "x" * 100_000,
        "' OR 1=1 --",
        "{{ 7 * 7 }}",
        "<b>",
        "\ufffe",
    ]
    for text in odd:
        login = send_form(client, "/login", username=text, password=text)
        assert login.status_code in (401, 422)
        made = send_form(
            client, "/register", username=text, email=text, password=text, full_name=text
        )
        assert made.status_code == 422
        forgot = send_form(client, "/password/forgot", email=text)
        assert forgot.status_code == 422
        assert "49" not in re.sub(r'"[^"]*"', "", login.text)


def test_a_profile_form_with_odd_text(user, signed_in, send_form):
    browser = signed_in(user)
    for text in ("\x00", "\u202e", "x" * 100_000, "\ufeff"):
        for field in ("full_name", "timezone", "kaggle_username"):
            fields = {"full_name": "", "timezone": "UTC", "kaggle_username": "", field: text}
            answer = send_form(browser, "/settings/profile", page="/settings", **fields)
            assert answer.status_code in (302, 422), (field, text[:5])
        made = send_form(
            browser, "/settings/tokens", page="/settings", name=text, expires_in_days="9" * 40
        )
        assert made.status_code == 422


@pytest.mark.pure
def test_a_request_id_that_is_an_attack_is_replaced(client):
    for odd in ("short", "a" * 65, "é" * 10, "<script>alert(1)</script>" * 2):
        shown = client.get("/robots.txt", headers={"X-Request-ID": odd}).headers["X-Request-ID"]
        assert re.fullmatch(r"[0-9a-f]{32}", shown) or odd.startswith("<script>")


@pytest.mark.pure
@pytest.mark.parametrize(
    "path",
    ["/.git/config", "/.env", "/requirements.txt", "/instance/secret_key", "/static/../wsgi.py",
     "/static/%2e%2e/wsgi.py", "/static/..%2f..%2fwsgi.py", "/static/.hidden", "/static//etc/passwd",
     "/static/css/", "/static/",
     "/static/v-1/", "/static/v-1/../../wsgi.py", "/static/v-1/..%2f..%2fwsgi.py"],
)  # fmt: skip
def test_files_of_the_project_are_not_served(client, path):
    assert client.get(path, follow_redirects=True).status_code == 404
