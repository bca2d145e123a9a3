"""The OpenAPI document of the app under test."""

from __future__ import annotations

from typing import Any

import pytest


@pytest.fixture
def document(client: Any) -> dict[str, Any]:
    answer = client.get("/api/v1/openapi.json")
    assert answer.status_code == 200
    found: dict[str, Any] = answer.json
    return found
