"""A PostgreSQL challenge through the room: written by API, run, handed in, judged, ranked on no board."""

from __future__ import annotations

from typing import Any

import pytest

from mlarena.challenges import engines as room
from mlarena.challenges.sql import Engines

# The room's own, which hands in by API: the one beside these tests asks the judge.
from tests.challenges.conftest import attempt  # noqa: F401
from tests.challenges.sql.test_postgres import ours, wait_for
from tests.challenges.test_sql import GOALS, OTHER, SMALL, WITHOUT_GREENS

SOLUTION = """
SELECT team.name, COALESCE(SUM(player.goals), 0) AS goals, MAX(DATE '2026-03-01' + player.id) AS latest
FROM team LEFT JOIN player ON player.team_id = team.id
GROUP BY team.id
ORDER BY goals DESC, team.name
"""
# DISTINCT ON and :: are PostgreSQL's own; a timestamp at midnight is the date, a numeric 7.00 is 7.
REWRITTEN = """
SELECT DISTINCT ON (sum, name) name, sum::numeric(9, 2), latest::timestamp FROM (
    SELECT t.name, coalesce(sum(p.goals) OVER w, 0) AS sum, max('2026-03-01'::date + p.id) OVER w AS latest
    FROM team t LEFT JOIN player p ON p.team_id = t.id WINDOW w AS (PARTITION BY t.id)
) s ORDER BY sum DESC, name
"""


@pytest.fixture
def with_postgres(engines: Engines, monkeypatch: pytest.MonkeyPatch) -> Engines:
    """This process judges with the engines of the tests, a PostgreSQL among them."""
    monkeypatch.setattr(room, "_engines", engines)
    return engines


def test_from_its_writing_to_the_verdict(
    client: Any, user: Any, author: Any, bearer: Any, judged: Any, attempt: Any,  # noqa: F811
    with_postgres: Engines,
) -> None:  # fmt: skip
    written = GOALS | {
        "engine": "postgres",
        "solution": SOLUTION,
        "publish": True,
        "test_cases": [{"data": SMALL, "is_visible": True}, {"data": OTHER}],
    }
    answer = client.post("/api/v1/challenges", json=written, headers=bearer(author))
    assert answer.status_code == 201, answer.text
    number = answer.json["data"]["id"]
    assert answer.json["data"]["published"]

    headers = bearer(user)
    shown = client.get(f"/api/v1/challenges/{number}", headers=headers).json["data"]
    assert (shown["engine"], [table["name"] for table in shown["tables"]]) == (
        "postgres",
        ["team", "player"],
    )
    path = f"/api/v1/challenges/{number}"
    run = client.post(f"{path}/run", json={"query": REWRITTEN}, headers=headers).json["data"]
    assert run["error"] is None
    [case] = run["cases"]
    assert case["passed"], case
    assert case["actual_result"]["rows"][0] == ["Blues", "7.00", "2026-03-05 00:00:00"]
    plan = client.post(f"{path}/plan", json={"query": REWRITTEN}, headers=headers).json["data"]
    assert "Seq Scan on" in str(plan["plan"])

    class Challenge:
        id = number

    right = judged(user, Challenge, query=REWRITTEN)
    assert (right["passed"], right["xp_awarded"], len(right["cases"])) == (True, 50, 2)
    wrong = judged(user, Challenge, query=f"{WITHOUT_GREENS} ORDER BY 1")
    assert [case["category"] for case in wrong["cases"]] == ["wrong_columns", "wrong_columns"]
    unsorted = judged(user, Challenge, query=REWRITTEN.rpartition("ORDER")[0])
    assert unsorted["cases"][1]["category"] in ("wrong_order", "wrong_rows")
    refused = attempt(user, Challenge, query="SELECT pg_terminate_backend(1)")
    assert refused.status_code == 422
    failed = judged(user, Challenge, query="SELECT nome FROM team")
    assert (failed["status"], failed["error"].count("nome")) == ("failed", 1)

    postgres = with_postgres.get("postgres")
    with postgres._server.admin() as cursor:  # type: ignore[attr-defined]
        assert wait_for(lambda: not ours(cursor)), "roles and databases are gone"
