"""An SQL challenge, from its writing to its place on the board, by the public doors, in the real jail."""

from __future__ import annotations

from typing import Any

import pytest

from mlarena.boards import service as boards
from mlarena.challenges import authoring
from mlarena.core.db import db
from mlarena.core.errors import Invalid

INIT = """
CREATE TABLE team (id INTEGER PRIMARY KEY, name TEXT NOT NULL);
CREATE TABLE player (
    id INTEGER PRIMARY KEY, team_id INTEGER REFERENCES team (id), name TEXT NOT NULL, goals INTEGER
);
"""
SMALL = """
INSERT INTO team VALUES (1, 'Reds'), (2, 'Blues'), (3, 'Greens');
INSERT INTO player VALUES (1, 1, 'Ada', 3), (2, 1, 'Bo', 4), (3, 2, 'Cy', 7), (4, 2, 'Di', NULL);
"""
OTHER = """
INSERT INTO team VALUES (1, 'Reds'), (2, 'Blues');
INSERT INTO player VALUES (1, 2, 'Ada', 1), (2, 2, 'Bo', 1), (3, 1, 'Cy', NULL);
"""
LARGE = """
WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 200)
INSERT INTO team SELECT i, 'team ' || i FROM n;
WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 100000)
INSERT INTO player SELECT i, i % 200 + 1, 'player ' || i, i % 7 FROM n;
"""
SOLUTION = """
SELECT team.name, COALESCE(SUM(player.goals), 0) AS goals
FROM team LEFT JOIN player ON player.team_id = team.id
GROUP BY team.id, team.name
"""
GOALS: dict[str, Any] = {
    "kind": "sql",
    "name": "Goals by team",
    "points": 50,
    "init": INIT,
    "solution": SOLUTION,
    "test_cases": [
        {"data": SMALL, "is_visible": True},
        {"data": OTHER, "is_visible": False},
    ],
}
REWRITTEN = """
SELECT name, (SELECT IFNULL(SUM(goals), 0) FROM player WHERE team_id = team.id) FROM team
"""
WITHOUT_GREENS = """
SELECT team.name, SUM(player.goals) AS goals
FROM team JOIN player ON player.team_id = team.id GROUP BY team.name
"""


@pytest.fixture
def goals(make_challenge: Any) -> Any:
    return make_challenge(GOALS)


def test_another_way_to_write_it_passes(user: Any, goals: Any, judged: Any) -> None:
    shown = judged(user, goals, query=REWRITTEN)
    assert (shown["status"], shown["score"], shown["passed"]) == ("scored", 100, True)
    assert (shown["task_kind"], shown["xp_awarded"]) == ("sql", 50)
    visible, hidden = shown["cases"]
    assert visible["expected_result"]["total"] == 3
    assert visible["actual_result"]["rows"] == [["Reds", "7"], ["Blues", "7"], ["Greens", "0"]]
    assert (hidden["passed"], hidden["expected_result"], hidden["actual_result"]) == (
        True,
        None,
        None,
    )
    assert {case["test_case_id"] for case in shown["cases"]} == {
        row.id for row in goals.version_row().cases
    }


def test_a_wrong_query_shows_the_difference_on_visible_cases_only(
    user: Any, goals: Any, judged: Any
) -> None:
    shown = judged(user, goals, query=WITHOUT_GREENS)
    assert (shown["score"], shown["passed"]) == (0, False)
    visible, hidden = shown["cases"]
    assert visible["category"] == "wrong_rows"
    assert "Greens" in str(visible["difference"])
    assert hidden["category"] == "wrong_rows"
    assert hidden["difference"] is None
    assert "Blues" not in str(hidden)


def test_weights_count(user: Any, make_challenge: Any, judged: Any) -> None:
    only_visible = "SELECT * FROM (VALUES ('Reds', 7), ('Blues', 7), ('Greens', 0))"
    cases = [GOALS["test_cases"][0], GOALS["test_cases"][1] | {"weight": 3}]
    challenge = make_challenge(GOALS, test_cases=cases)
    assert judged(user, challenge, query=only_visible)["score"] == 25


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("", "empty"),
        ("-- nothing but a comment", "only a comment"),
        ("SELECT 1; SELECT 2", "one statement"),
        ("DELETE FROM team", "DELETE is not allowed"),
        ("WITH gone AS (DELETE FROM team RETURNING *) SELECT * FROM gone", "inside WITH neither"),
        ("PRAGMA table_info(team)", "settings of the engine"),
        ("ATTACH 'x' AS y", "outside the challenge"),
        ("SELECT '" + "x" * 65_536 + "'", "64 KiB"),
    ],
)
def test_what_is_no_attempt_is_refused_at_the_door(
    client: Any, user: Any, goals: Any, attempt: Any, bearer: Any, query: str, words: str
) -> None:
    refused = attempt(user, goals, query=query)
    assert refused.status_code == 422, refused.text
    assert words.lower() in refused.json["errors"]["query"][0].lower()
    assert client.get("/api/v1/submissions", headers=bearer(user)).json["data"] == []


def test_a_query_of_two_megabytes_is_too_large(user: Any, goals: Any, attempt: Any) -> None:
    assert attempt(user, goals, query="SELECT '" + "x" * (2 << 20) + "'").status_code == 413


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("SELEC name FROM team", "begins with select"),
        ("SELECT nome FROM team", "nome"),
        ("SELECT * FROM squad", "squad"),
    ],
)
def test_a_query_that_cannot_run_says_why(
    user: Any, goals: Any, judged: Any, attempt: Any, query: str, words: str
) -> None:
    answer = attempt(user, goals, query=query)
    if answer.status_code == 422:
        said = answer.text
    else:
        shown = judged(user, goals, query=query)
        assert shown["status"] == "failed"
        said = shown["error"]
    assert words in said.lower()


@pytest.mark.parametrize(
    "query",
    [
        "SELECT name, x'00FF' FROM team",
        "SELECT name, 9e999 FROM team",
        "SELECT '“ünï¢ödé” 🏆 ' || char(0) || char(8238), 1 FROM team",
        "SELECT team.name, a.name FROM team, player a, player b, player c, player d, player e",
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n LIMIT 1000000) SELECT i, i FROM n",
    ],
)
def test_unusual_results_are_wrong_rows_and_nothing_worse(
    user: Any, goals: Any, judged: Any, query: str
) -> None:
    shown = judged(user, goals, query=query)
    assert shown["status"] in ("scored", "failed"), shown
    assert shown["passed"] is not True


def test_an_endless_query_is_ended(user: Any, make_challenge: Any, judged: Any) -> None:
    quick = make_challenge(GOALS, time_limit_ms=200)
    endless = (
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT MAX(i), 1 FROM n"
    )
    shown = judged(user, quick, query=endless)
    assert [case["category"] for case in shown["cases"]] == ["timeout", "timeout"]


def test_running_shows_visible_cases_and_records_only_the_beginning(
    client: Any, user: Any, goals: Any, bearer: Any
) -> None:
    headers = bearer(user)
    answer = client.post(
        f"/api/v1/challenges/{goals.id}/run", json={"query": WITHOUT_GREENS}, headers=headers
    )
    assert answer.status_code == 200, answer.text
    [case] = answer.json["data"]["cases"]
    assert (case["is_visible"], case["category"]) == (True, "wrong_rows")
    assert case["actual_result"]["total"] == 2
    [progress] = client.get("/api/v1/progress", headers=headers).json["data"]
    assert progress["status"] == "started"
    assert client.get("/api/v1/submissions", headers=headers).json["data"] == []


def test_the_plan_of_a_query_is_shown(client: Any, user: Any, goals: Any, bearer: Any) -> None:
    path, headers = f"/api/v1/challenges/{goals.id}/plan", bearer(user)
    told = client.post(path, json={"query": SOLUTION}, headers=headers).json["data"]
    assert "player" in str(told["plan"]).lower()
    wrong = client.post(path, json={"query": "SELECT nome FROM team"}, headers=headers).json["data"]
    assert wrong["plan"] is None
    assert "nome" in wrong["error"]


def test_learners_see_the_tables_and_not_the_solution(client: Any, user: Any, goals: Any) -> None:
    answer = client.get(f"/api/v1/challenges/{goals.id}")
    shown = answer.json["data"]
    assert [table["name"] for table in shown["tables"]] == ["team", "player"]
    assert shown["init"] == INIT
    assert [case["data"] for case in shown["test_cases"]] == [SMALL]
    assert shown["cases_hidden"] == 1
    assert "COALESCE" not in answer.text
    assert OTHER.strip() not in answer.text


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"solution": "SELECT nothing FROM team"}, "solution"),
        ({"solution": "SELECT name FROM team WHERE 1 = 2"}, "solution"),
        ({"solution": "SELECT name FROM player ORDER BY goals LIMIT 1 OFFSET 1"}, "solution"),
        ({"init": "CREATE TABEL team (id)"}, "init"),
        ({"test_cases": [{"data": "INSERT INTO team VALUES (1, NULL);"}]}, "test_cases.0.data"),
        ({"test_cases": [{"data": "INSERT INTO squad VALUES (1);"}]}, "test_cases.0.data"),
    ],
)
def test_what_cannot_be_judged_is_not_published(
    make_challenge: Any, change: dict[str, Any], field: str
) -> None:
    with pytest.raises(Invalid) as caught:
        make_challenge(GOALS, **change)
    assert field in caught.value.errors


def test_the_same_query_again_is_the_earlier_attempt(
    user: Any, make_user: Any, goals: Any, judged: Any, attempt: Any
) -> None:
    first = judged(user, goals, query=REWRITTEN)
    for same in (REWRITTEN, REWRITTEN.lower() + " ;", f"-- once more\n{REWRITTEN}"):
        again = attempt(user, goals, query=same)
        assert again.status_code == 202
        assert again.json["data"]["id"] == first["id"]
        assert again.json["data"]["passed"] is True
    assert judged(make_user("other"), goals, query=REWRITTEN)["id"] != first["id"]
    assert judged(user, goals, query=WITHOUT_GREENS)["id"] != first["id"]


def test_in_another_version_the_same_query_is_judged_anew(
    user: Any, author: Any, goals: Any, judged: Any
) -> None:
    first = judged(user, goals, query=REWRITTEN)
    cases = [{"data": OTHER, "is_visible": True}]
    authoring.update(author, goals, {"test_cases": cases})
    again = judged(user, goals, query=REWRITTEN)
    assert again["id"] != first["id"]
    assert len(again["cases"]) == 1


def test_who_has_handed_in_keeps_engine_and_ranking(
    client: Any, user: Any, author: Any, goals: Any, judged: Any
) -> None:
    authoring.update(author, goals, {"type": "LE"})
    # The longest earns the pass and nothing beyond it.
    assert judged(user, goals, query=REWRITTEN)["xp_awarded"] == 50
    assert judged(user, goals, query=f"{REWRITTEN} ORDER BY 1")["xp_awarded"] == 0
    assert "none is ranked by its cost" in client.get(f"/challenges/{goals.id}").text
    with pytest.raises(Invalid, match="Duplicate the challenge"):
        authoring.update(author, goals, {"type": "FE"})
    db.session.rollback()
    with pytest.raises(Invalid, match="Duplicate the challenge"):
        authoring.update(author, goals, {"engine": "duckdb"})


def test_duckdb_judges_by_the_same_rules(user: Any, make_challenge: Any, judged: Any) -> None:
    duck = make_challenge(GOALS, engine="duckdb")
    assert judged(user, duck, query=SOLUTION.replace("COALESCE", "ifnull"))["passed"]
    assert judged(user, duck, query=WITHOUT_GREENS)["passed"] is False


@pytest.fixture
def fastest(make_challenge: Any) -> Any:
    cases = [*GOALS["test_cases"], {"data": LARGE, "is_benchmark": True}]
    return make_challenge(GOALS, name="Goals, quickly", test_cases=cases)


def test_accepted_queries_are_ranked_by_their_cost(
    client: Any, make_user: Any, fastest: Any, judged: Any
) -> None:
    path = f"/api/v1/leaderboard?challenge={fastest.id}"
    [house] = client.get(path).json["data"]
    assert (house["house"], house["username"], house["score"]) == (True, "The reference", 1)
    more = "(SELECT COUNT(DISTINCT name) AS names FROM player)"
    slow = f"SELECT name, goals FROM ({SOLUTION}), {more} WHERE names >= 0"
    like = judged(make_user("like"), fastest, query=SOLUTION)
    wrong = judged(make_user("wrong"), fastest, query=WITHOUT_GREENS)
    dear = judged(make_user("dear"), fastest, query=slow)
    assert like["passed"] and dear["passed"] and not wrong["passed"]
    assert "ranking" not in wrong["report"]
    assert dear["report"]["ranking"]["cost"] > 1.2 * like["report"]["ranking"]["cost"]
    rows = client.get(path).json["data"]
    assert [row["username"] for row in rows if not row["house"]] == ["like", "dear"]
    assert rows[-1]["rank"] == 2


def test_where_the_longest_is_asked_for_the_dearest_stands_first(
    client: Any, make_user: Any, make_challenge: Any, judged: Any
) -> None:
    cases = [*GOALS["test_cases"], {"data": LARGE, "is_benchmark": True}]
    longest = make_challenge(GOALS, type="LE", test_cases=cases)
    page = client.get(f"/challenges/{longest.id}").text
    assert "The most expensive accepted query under the time limit stands first." in page
    assert "It earns nothing beyond the pass" in page
    more = "(SELECT COUNT(DISTINCT name) AS names FROM player)"
    slow = f"SELECT name, goals FROM ({SOLUTION}), {more} WHERE names >= 0"
    for name, query in (("like", SOLUTION), ("dear", slow)):
        assert judged(make_user(name), longest, query=query)["xp_awarded"] == 50
    rows = client.get(f"/api/v1/leaderboard?challenge={longest.id}").json["data"]
    assert [row["username"] for row in rows if not row["house"]] == ["dear", "like"]
    assert rows[0]["rank"] == 1


def test_without_a_benchmark_nobody_stands_on_the_board(
    client: Any, user: Any, goals: Any, judged: Any
) -> None:
    assert judged(user, goals, query=REWRITTEN)["passed"]
    assert boards.page(goals.board(), 1, 10).rows == ()


def verdict(told: list[Any]) -> Any:
    """The one verdict among what was told."""
    [found] = [one for one in told if one[0] == "verdict"]
    return found


def test_each_case_is_told_as_soon_as_it_is_judged(
    user: Any, goals: Any, judged: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    from mlarena.live import publish

    told: list[Any] = []
    monkeypatch.setattr(publish, "publish", lambda *event: told.append(event))
    judged(user, goals, query=REWRITTEN)
    cases = [payload for event, payload, room in told if event == "case"]
    assert [(case["done"], case["total"], case["passed"]) for case in cases] == [
        (1, 2, True),
        (2, 2, True),
    ]
    assert {room for event, _, room in told if event == "case"} == {f"user:{user.id}"}
    assert {event for event, *_ in told[: told.index(verdict(told))]} == {"case"}


def test_cases_that_are_judged_at_once_are_told_together(
    user: Any, make_challenge: Any, judged: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    from mlarena.challenges import judging
    from mlarena.live import publish

    cases = [{"data": SMALL if n % 2 else OTHER, "is_visible": n < 3} for n in range(10)]
    goals = make_challenge(GOALS, test_cases=cases)
    told: list[Any] = []
    monkeypatch.setattr(publish, "publish", lambda *event: told.append(event))
    monkeypatch.setattr(judging, "PAUSE_SECONDS", 60.0)
    found = judged(user, goals, query=WITHOUT_GREENS)
    events = [payload for event, payload, _ in told if event == "case"]
    assert [event["done"] for event in events] == [1, 10]
    every = [case for event in events for case in event["cases"]]
    assert [case["number"] for case in every] == list(range(1, 11))
    assert [case["passed"] for case in every] == [case["passed"] for case in found["cases"]]
