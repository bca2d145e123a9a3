"""After an edit: the board of an SQL challenge is measured by what is asked now."""

from __future__ import annotations

from typing import Any

import pytest

from mlarena.boards import service as boards
from mlarena.challenges import authoring, costs
from mlarena.core.db import db
from tests.challenges.test_sql import GOALS, LARGE, SOLUTION

DEAR = (
    f"SELECT name, goals FROM ({SOLUTION}), (SELECT COUNT(DISTINCT name) AS names FROM player) "
    "WHERE names >= 0"
)
# Right as long as every team has a name of its own.
BY_NAME = SOLUTION.replace("GROUP BY team.id, team.name", "GROUP BY team.name")
QUICK = """
SELECT name, COALESCE(goals, 0) FROM team
LEFT JOIN (SELECT team_id, SUM(goals) AS goals FROM player GROUP BY team_id) ON team_id = id
"""
TWINS = """
INSERT INTO team VALUES (1, 'Reds'), (2, 'Reds');
INSERT INTO player VALUES (1, 1, 'Ada', 1), (2, 2, 'Bo', 2);
"""


@pytest.fixture
def fastest(make_challenge: Any) -> Any:
    cases = [*GOALS["test_cases"], {"data": LARGE, "is_benchmark": True}]
    return make_challenge(GOALS, name="Goals, quickly", test_cases=cases)


def standing(challenge: Any) -> dict[str, float]:
    rows = boards.page(challenge.board(), 1, 10).rows
    return {row.username: row.score for row in rows if not row.house}


def test_rows_are_measured_anew_and_who_is_wrong_now_goes(
    make_user: Any, author: Any, fastest: Any, judged: Any, signed_in: Any
) -> None:
    people = {name: make_user(name) for name in ("dear", "named", "both")}
    judged(people["dear"], fastest, query=DEAR)
    named = judged(people["named"], fastest, query=BY_NAME)
    judged(people["both"], fastest, query=DEAR)
    before = standing(fastest)
    assert before.keys() == people.keys()
    assert before["dear"] > 1.15

    # The reference is as dear now, and a case was added that tells teams of one name apart.
    cases = [*GOALS["test_cases"], {"data": TWINS}, {"data": LARGE, "is_benchmark": True}]
    authoring.update(author, fastest, {"solution": DEAR, "test_cases": cases})
    path = f"/challenges/{fastest.id}"
    assert "are being measured anew" in signed_in(author).get(path).text
    since = judged(people["both"], fastest, query=QUICK)
    assert since["passed"]
    assert costs.remeasure_stale() == 3
    db.session.expire_all()
    after = standing(fastest)
    assert after.keys() == {"dear", "both"}
    assert after["dear"] < before["dear"] - 0.1
    assert after["dear"] == pytest.approx(1, abs=0.2)
    assert after["both"] == since["report"]["ranking"]["cost"], (
        "what is better counts, not what stood there"
    )
    assert "are being measured anew" not in signed_in(author).get(path).text
    # Verdicts and XP stay as they were given.
    kept = signed_in(people["named"]).get(f"/submissions/{named['id']}").text
    assert "Solved" in kept
    assert "earlier version of the challenge" in kept
    assert costs.remeasure_stale() == 0


def test_a_verdict_by_the_old_version_enters_no_board_of_the_new_one(
    user: Any, author: Any, fastest: Any, attempt: Any, work: Any, judged: Any
) -> None:
    assert attempt(user, fastest, query=SOLUTION).status_code == 202
    cases = [*GOALS["test_cases"][:1], {"data": LARGE, "is_benchmark": True}]
    authoring.update(author, fastest, {"test_cases": cases})
    work()
    assert standing(fastest) == {}
    assert judged(user, fastest, query=SOLUTION)["passed"]
    assert standing(fastest).keys() == {user.username}
    # Without a benchmark nobody is ranked, the reference neither.
    authoring.update(author, fastest, {"test_cases": GOALS["test_cases"]})
    assert costs.remeasure_stale() == 1
    assert boards.page(fastest.board(), 1, 10).rows == ()
