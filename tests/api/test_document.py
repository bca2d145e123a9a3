"""The OpenAPI document: valid, complete, and true about who may come in."""

from __future__ import annotations

import re
from typing import Any

import jsonschema_rs
import pytest
import schemathesis

pytestmark = pytest.mark.pure

METHODS = {"GET", "POST", "PUT", "PATCH", "DELETE"}
EVERYWHERE = {"401", "429", "503"}


def operations(document: dict[str, Any]) -> list[tuple[str, str, dict[str, Any]]]:
    return [
        (method.upper(), path, operation)
        for path, found in document["paths"].items()
        for method, operation in found.items()
    ]


def test_it_is_valid_openapi(document: dict[str, Any]) -> None:
    assert document["openapi"].startswith("3.1")
    schemathesis.openapi.from_dict(document).validate()


def test_its_schemas_are_valid_and_every_reference_leads_somewhere(
    document: dict[str, Any],
) -> None:
    for name, schema in document["components"]["schemas"].items():
        whole = {**schema, "components": document["components"]}
        jsonschema_rs.validator_for(whole)
        assert schema, name


def test_every_route_of_the_api_is_in_it_and_nothing_else(
    app: Any, document: dict[str, Any]
) -> None:
    routes = {
        (method, re.sub(r"<(?:[^:<>]+:)?([^<>]+)>", r"{\1}", rule.rule))
        for rule in app.url_map.iter_rules()
        for method in (rule.methods or set()) & METHODS
        if rule.rule.startswith("/api/v1/") and rule.endpoint != "openapi.spec"
    }
    assert {(method, path) for method, path, _ in operations(document)} == routes
    assert len(routes) >= 20


def test_every_row_of_the_contract_that_is_built_is_there(document: dict[str, Any]) -> None:
    there = {(method, path.removeprefix("/api/v1")) for method, path, _ in operations(document)}
    assert there >= {
        ("POST", "/auth/register"),
        ("POST", "/auth/login"),
        ("POST", "/auth/refresh"),
        ("POST", "/auth/logout"),
        ("GET", "/auth/tokens"),
        ("POST", "/auth/tokens"),
        ("DELETE", "/auth/tokens/{token_id}"),
        ("GET", "/users"),
        ("GET", "/users/{user_id}"),
        ("GET", "/users/me"),
        ("PATCH", "/users/me"),
        ("GET", "/users/me/progress"),
        ("GET", "/users/{user_id}/submissions"),
        ("GET", "/levels"),
        ("GET", "/badges"),
        ("GET", "/quests"),
        ("GET", "/quests/{quest_id}"),
        ("GET", "/quests/{quest_id}/dataset"),
        ("POST", "/quests/{quest_id}/submit"),
        ("POST", "/quests/{quest_id}/train"),
        ("GET", "/quests/{quest_id}/submissions"),
        ("GET", "/categories"),
        ("GET", "/challenges"),
        ("POST", "/challenges"),
        ("GET", "/challenges/{challenge_id}"),
        ("PUT", "/challenges/{challenge_id}"),
        ("PATCH", "/challenges/{challenge_id}"),
        ("DELETE", "/challenges/{challenge_id}"),
        ("POST", "/challenges/{challenge_id}/run"),
        ("POST", "/attempts"),
        ("GET", "/progress"),
        ("POST", "/progress"),
        ("GET", "/users/{user_id}/challenges"),
        ("GET", "/users/{user_id}/attempts/{attempt_id}"),
        ("GET", "/submissions"),
        ("GET", "/submissions/{submission_id}"),
        ("GET", "/leaderboard"),
        *(
            ("GET", path)
            for path in (
                *(f"/predictions/{of}" for of in ("upcoming", "today", "history")),
                "/predictions/match/{match_id}",
                "/predictions/league/{league_id}",
                *("/matches", "/matches/{match_id}", "/matches/live", "/leagues", "/teams"),
                *(f"/leagues/{{league_id}}{of}" for of in ("", "/standings", "/fixtures")),
                *(f"/teams/{{team_id}}{of}" for of in ("", "/form", "/fixtures")),
                "/analytics/model-performance",
                "/analytics/prediction-accuracy",
            )
        ),
        ("PUT", "/matches/{match_id}/forecast"),
        ("GET", "/notifications"),
        ("POST", "/notifications/read"),
        ("PATCH", "/notifications/preferences"),
    }


def test_every_operation_says_what_it_is_and_how_it_fails(document: dict[str, Any]) -> None:
    ids = [operation["operationId"] for _, _, operation in operations(document)]
    assert len(ids) == len(set(ids))
    known = {tag["name"] for tag in document["tags"] if tag.get("description")}
    for method, path, operation in operations(document):
        assert operation["summary"], (method, path)
        assert set(operation["tags"]) <= known, (method, path)
        codes = set(operation["responses"])
        assert codes >= EVERYWHERE, (method, path)
        assert any(code.startswith("2") for code in codes), (method, path)
        if "{" in path:
            assert "404" in codes
        if "requestBody" in operation:
            assert codes >= {"400", "413", "415", "422"}, (method, path)


def test_errors_have_the_envelope(document: dict[str, Any]) -> None:
    assert "Retry-After" in document["components"]["responses"]["429"]["headers"]
    for status, response in document["components"]["responses"].items():
        assert int(status) >= 400
        schema = response["content"]["application/json"]["schema"]
        assert schema == {"$ref": "#/components/schemas/Error"}
    for _, _, operation in operations(document):
        for status, response in operation["responses"].items():
            if not status.startswith("2"):
                assert response == {"$ref": f"#/components/responses/{status}"}


def test_ids_in_paths_are_whole_numbers_the_database_can_hold(document: dict[str, Any]) -> None:
    found = [
        parameter["schema"]
        for _, _, operation in operations(document)
        for parameter in operation["parameters"]
        if parameter["in"] == "path"
    ]
    assert found
    assert all(s == {"type": "integer", "minimum": 1, "maximum": 2**31 - 1} for s in found)


def test_what_it_says_about_signing_in_is_so(client: Any, document: dict[str, Any]) -> None:
    closed = 0
    for method, path, operation in operations(document):
        if path.startswith("/api/v1/auth/") and "requestBody" in operation:
            continue  # a wrong password is a 401 of another kind
        security = operation.get("security", [{}])
        answer = client.open(re.sub(r"\{\w+\}", "1", path), method=method, json={})
        assert (answer.status_code == 401) == ({} not in security), (method, path)
        closed += {} not in security
    assert closed >= 10


def test_the_documents_address_is_not_the_senders_to_choose(another_app: Any) -> None:
    fresh = another_app().test_client()
    answer = fresh.get("/api/v1/openapi.json", headers={"Host": "evil.example"})
    assert "evil.example" not in answer.text
    assert answer.json["servers"][0]["url"] == "/"


@pytest.mark.parametrize("secret", ["password_hash", "hidden_", "claim_token", "token_hash"])
def test_nothing_of_the_inside_is_in_it(document: dict[str, Any], secret: str) -> None:
    assert secret not in str(document)
