"""Every way a request can be wrong has its status, its envelope and words; none is a 500, none is HTML."""

from __future__ import annotations

import io
from typing import Any

import pytest
import sqlalchemy as sa

from mlarena.accounts.models import User
from mlarena.core.db import db

API = "/api/v1"
ADA = {"username": "ada", "email": "ada@example.org", "password": "correct horse battery"}


def told(answer: Any, status: int, *fields: str) -> str:
    """Check the envelope; returns the message."""
    assert answer.status_code == status, answer.text
    assert answer.mimetype == "application/json"
    body = answer.json
    assert body["status"] == "error"
    assert set(body) <= {"status", "message", "errors"}
    assert isinstance(body["message"], str)
    assert len(body["message"]) > 10
    errors = body.get("errors", {})
    assert set(fields) <= set(errors), errors
    for problems in errors.values():
        assert isinstance(problems, list)
        assert all(isinstance(problem, str) and problem for problem in problems)
    assert "Traceback" not in answer.text
    assert "<html" not in answer.text
    message: str = body["message"]
    return message


@pytest.mark.pure
@pytest.mark.parametrize(
    "body", [b"", b"{", b"{'a': 1}", b"\xff\xfe", b"[" * 100_000, b'{"username": "\\ud800"}' * 2]
)
def test_malformed_json(client: Any, body: bytes) -> None:
    answer = client.post(f"{API}/auth/login", data=body, content_type="application/json")
    told(answer, 400)


@pytest.mark.pure
@pytest.mark.parametrize("body", [[], "text", 7, None, True])
def test_json_that_is_no_object(client: Any, body: Any) -> None:
    answer = client.post(f"{API}/auth/login", json=body)
    assert answer.status_code in (400, 422)
    told(answer, answer.status_code)


@pytest.mark.parametrize("header", ["Bearer", "Bearer ", "Bearer x", "Basic YTpi", "ü", "mla_x"])
def test_bad_tokens(client: Any, header: str) -> None:
    for path in ("/users/me", "/quests", "/users/me/progress"):
        answer = client.get(f"{API}{path}", headers={"Authorization": header})
        told(answer, 401)
        assert answer.headers["WWW-Authenticate"] == "Bearer"


@pytest.mark.pure
def test_nobody(client: Any) -> None:
    told(client.get(f"{API}/users/me"), 401)


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/no/such/door",
        "/users/0",
        "/users/-1",
        "/users/99999999999999999999999",
        "/users/1.5",
        "/users/%00",
        "/users/%F0%9F%A6%8A",
        "/quests/2147483648",
        "/quests/1",
    ],
)
def test_not_there(client: Any, path: str) -> None:
    told(client.get(f"{API}{path}"), 404)


@pytest.mark.pure
def test_a_method_that_is_not_taken_says_which_are(client: Any) -> None:
    answer = client.delete(f"{API}/quests")
    told(answer, 405)
    assert "GET" in answer.headers["Allow"]


def test_taken_names_conflict(client: Any) -> None:
    assert client.post(f"{API}/auth/register", json=ADA).status_code == 201
    told(client.post(f"{API}/auth/register", json=ADA), 409)


@pytest.mark.pure
@pytest.mark.parametrize("path", ["/auth/register", "/auth/login"])
def test_a_body_that_is_too_large(client: Any, path: str) -> None:
    body = b'{"username": "' + b"a" * (3 << 20) + b'"}'
    answer = client.post(f"{API}{path}", data=body, content_type="application/json")
    told(answer, 413)


@pytest.mark.pure
@pytest.mark.parametrize(
    "content_type", ["text/plain", "application/xml", "application/x-www-form-urlencoded"]
)
def test_a_type_that_is_not_taken(client: Any, content_type: str) -> None:
    answer = client.post(f"{API}/auth/login", data=b"a=b", content_type=content_type)
    told(answer, 415)


@pytest.mark.pure
def test_a_json_body_where_a_file_belongs(client: Any, user: Any, bearer: Any, quest: Any) -> None:
    answer = client.post(f"{API}/quests/{quest.id}/submit", json={}, headers=bearer(user))
    told(answer, 415)


def test_unknown_fields_are_named(client: Any) -> None:
    answer = client.post(f"{API}/auth/register", json={**ADA, "role": "admin"})
    told(answer, 422, "role")
    assert db.session.scalar(sa.select(sa.func.count()).select_from(User)) == 0


@pytest.mark.pure
def test_unknown_fields_in_a_query_are_named(client: Any) -> None:
    told(client.get(f"{API}/quests?sort=best"), 422, "sort")


@pytest.mark.pure
def test_an_unknown_field_beside_a_file(client: Any, user: Any, bearer: Any, quest: Any) -> None:
    answer = client.post(
        f"{API}/quests/{quest.id}/submit",
        data={"model_file": (io.BytesIO(b"x"), "m.joblib"), "score": "1"},
        headers=bearer(user),
    )
    told(answer, 422, "score")


@pytest.mark.parametrize("field", ["username", "email", "password", "full_name"])
def test_nul_bytes_are_refused_and_nothing_is_stored(client: Any, field: str) -> None:
    body = {**ADA, field: f"{ADA.get(field, 'Ada')}\x00"}
    answer = client.post(f"{API}/auth/register", json=body)
    told(answer, 422, field)
    assert db.session.scalar(sa.select(sa.func.count()).select_from(User)) == 0


@pytest.mark.pure
@pytest.mark.parametrize("key", ["\\ud800", "\\u0000", "\\ud83e\\uddee", "a" * 50_000])
def test_strange_names_of_fields(client: Any, key: str) -> None:
    body = f'{{"username": "ada", "password": "x", "{key}": 1}}'
    told(client.post(f"{API}/auth/login", data=body, content_type="application/json"), 422)


@pytest.mark.pure
@pytest.mark.parametrize(
    "query",
    [
        "page=0",
        "page=-1",
        "page=99999999999999999999",
        "page=1e3",
        "page=two",
        "page=",
        "page=%00",
        "page=1;drop",
        "per_page=0",
        "per_page=101",
        "per_page=nan",
    ],
)
@pytest.mark.parametrize("path", ["/quests", "/users", "/levels", "/badges", "/leaderboard"])
def test_pages_out_of_range(client: Any, path: str, query: str) -> None:
    answer = client.get(f"{API}{path}?{query}")
    told(answer, 422, query.partition("=")[0])


@pytest.mark.parametrize("path", ["/quests", "/users", "/levels", "/badges", "/leaderboard"])
def test_a_page_beyond_the_end_is_empty(client: Any, path: str) -> None:
    answer = client.get(f"{API}{path}?page=10000000&per_page=100")
    assert answer.status_code == 200
    assert answer.json["data"] == []
    meta = answer.json["meta"]
    assert {key: meta[key] for key in ("page", "per_page", "total", "pages")} == {
        "page": 10_000_000,
        "per_page": 100,
        "total": 0,
        "pages": 1,
    }


def test_every_list_has_its_meta(client: Any, user: Any, bearer: Any, document: Any) -> None:
    lists = 0
    for path, found in document["paths"].items():
        if "get" not in found or "{" in path:
            continue
        answer = client.get(path, headers=bearer(user))
        if answer.mimetype == "application/json" and isinstance(answer.json.get("data"), list):
            lists += 1
            assert answer.json["meta"].keys() >= {"page", "per_page", "total", "pages"}, path
    assert lists >= 6


def test_huge_numbers_in_a_body(client: Any, user: Any, bearer: Any) -> None:
    for number in (10**400, -1, 1e308, "9" * 5000):
        answer = client.post(
            f"{API}/auth/tokens",
            json={"name": "t", "expires_in_days": number},
            headers=bearer(user),
        )
        told(answer, 422, "expires_in_days")


def test_json_numbers_that_are_none(client: Any, user: Any, bearer: Any) -> None:
    for number in (b"NaN", b"Infinity", b"-Infinity"):
        answer = client.post(
            f"{API}/auth/tokens",
            data=b'{"name": "t", "expires_in_days": ' + number + b"}",
            content_type="application/json",
            headers=bearer(user),
        )
        assert answer.status_code in (400, 422)
        told(answer, answer.status_code)


def test_emoji_and_right_to_left_come_back_as_they_were(client: Any) -> None:
    name = "עדה 🧮 Ådä"
    answer = client.post(f"{API}/auth/register", json={**ADA, "full_name": name})
    assert answer.status_code == 201
    assert answer.json["data"]["full_name"] == name
    assert name in answer.text  # as UTF-8, not as escapes


def test_too_many_requests_say_when_to_come_back(another_app: Any) -> None:
    limited = another_app(ratelimit_enabled=True).test_client()
    for _ in range(200):
        answer = limited.post(f"{API}/auth/login", json={"username": "x", "password": "y"})
        if answer.status_code == 429:
            break
    told(answer, 429)
    assert int(answer.headers["Retry-After"]) > 0


def test_a_database_that_is_away_is_a_503(another_app: Any) -> None:
    url = "postgresql+psycopg2://nobody@127.0.0.1:1/none"
    away = another_app(database_url=url).test_client()
    answer = away.get(f"{API}/quests")
    told(answer, 503)
    assert int(answer.headers["Retry-After"]) > 0
    assert "127.0.0.1" not in answer.text


def test_what_breaks_on_our_side_shows_nothing_of_it(another_app: Any) -> None:
    broken = another_app(mlarena_env="development")

    def explode() -> None:
        raise RuntimeError("the secret is 42")

    broken.view_functions["quests_api.list_quests"] = explode
    answer = broken.test_client().get(f"{API}/quests")
    told(answer, 500)
    assert "42" not in answer.text


def test_a_cookie_alone_cannot_change_anything(user: Any, signed_in: Any) -> None:
    """Another site can send a reader's cookie, but not the header."""
    browser = signed_in(user)
    assert browser.get(f"{API}/users/me").status_code == 200
    told(browser.patch(f"{API}/users/me", json={"full_name": "Mallory"}), 400)
    assert browser.get(f"{API}/users/me").json["data"]["full_name"] == ""


def test_outside_the_api_a_problem_is_a_page(client: Any) -> None:
    answer = client.get("/no/such/page", headers={"Accept": "application/json"})
    assert answer.status_code == 404
    assert answer.mimetype == "text/html"


@pytest.mark.parametrize("number", ["0", "007", "2147483648", "9999999999", "1" * 5000, "١"])
@pytest.mark.parametrize("method", ["GET", "DELETE"])
def test_a_number_that_is_no_id_is_not_found_whatever_the_method(
    client: Any, number: str, method: str
) -> None:
    assert client.open(f"/api/v1/challenges/{number}", method=method).status_code == 404


def test_the_largest_id_is_an_id(client: Any) -> None:
    assert client.delete("/api/v1/challenges/2147483647").status_code == 401
