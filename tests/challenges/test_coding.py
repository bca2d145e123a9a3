"""A coding challenge, from its writing to its verdict, by the public doors, in the real jail."""

from __future__ import annotations

from typing import Any

import pytest

from tests.challenges.conftest import ADD


@pytest.fixture
def add(make_challenge: Any) -> Any:
    return make_challenge(ADD)


def test_a_right_function_passes_and_is_paid_its_points_once(
    user: Any, add: Any, judged: Any
) -> None:
    first = judged(user, add, code="def add(a, b): return b + a")
    assert (first["status"], first["score"], first["passed"]) == ("scored", 100, True)
    assert (first["task_kind"], first["challenge_id"]) == ("coding", add.id)
    assert first["xp_awarded"] == 30
    again = judged(user, add, code="def add(*ab): return sum(ab)")
    assert (again["passed"], again["xp_awarded"]) == (True, 0)


def test_half_right_is_credited_by_weight(user: Any, add: Any, judged: Any) -> None:
    shown = judged(user, add, code="def add(a, b): return abs(a) + abs(b)")
    assert (shown["score"], shown["passed"]) == (75, False)
    visible, negative, heavy = shown["cases"]
    assert (visible["passed"], visible["expected_result"], visible["actual_result"]) == (True, 3, 3)
    assert (negative["passed"], heavy["passed"]) == (False, True)


def test_a_visible_case_shows_what_came_and_a_hidden_one_does_not(
    user: Any, add: Any, judged: Any
) -> None:
    shown = judged(user, add, code="def add(a, b):\n    print('got', a)\n    return a - b")
    visible, hidden, _ = shown["cases"]
    assert visible["args"] == [1, 2]
    assert (visible["expected_result"], visible["actual_result"]) == (3, -1)
    assert visible["error"] == "3 was expected, -1 came."
    assert visible["output"] == "got 1\n"
    assert hidden["error"] == "Another answer was expected."
    assert {"args", "output", "detail"}.isdisjoint(hidden)
    assert (hidden["expected_result"], hidden["actual_result"]) == (None, None)
    assert "-7" not in str(hidden)


@pytest.mark.pure
@pytest.mark.parametrize(
    "leak",
    [
        "raise ValueError(f'{a} {b}')",
        "print(a, b); return [a, b]",
        "import sys; sys.exit(f'{a}')",
        "exec(f'raise type(\"E{a}\", (Exception,), {{}})')",
    ],
)
def test_a_hidden_case_cannot_tell_its_arguments(
    user: Any, add: Any, judged: Any, leak: str
) -> None:
    shown = judged(user, add, code=f"def add(a, b):\n    {leak}")
    assert "10" not in str([case["error"] for case in shown["cases"][1:]])
    for case in shown["cases"][1:]:
        assert case["error"] in (
            "Your code raised an error.",
            "Another answer was expected.",
            "Your code calls exit().",
        )


@pytest.mark.pure
def test_cases_cannot_see_each_other(user: Any, add: Any, judged: Any) -> None:
    code = """
seen = []
def add(a, b):
    seen.append(a)
    return a + b if len(seen) == 1 else 0
"""
    assert judged(user, add, code=code)["passed"]


@pytest.mark.pure
@pytest.mark.parametrize(
    ("code", "words"),
    [
        ("def add(a, b)\n    return a", "Line 1: expected ':'"),
        ("import nothing_like_it", "ModuleNotFoundError"),
        ("def sum(a, b): return a + b", "Your code defines no function `add`."),
        ("(" * 500, "Line 1: "),
    ],
)
def test_code_that_cannot_be_loaded_says_why(
    user: Any, add: Any, judged: Any, code: str, words: str
) -> None:
    shown = judged(user, add, code=code)
    assert shown["status"] == "failed"
    assert words in shown["error"]


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ("return input()", "calls input()"),
        ("return add(a, b)", "Line 2: RecursionError"),
        ("import sys; sys.exit(0)", "calls exit()"),
        ("import os; os._exit(0)", "ended without returning"),
        ("return float('nan')", "NaN or infinity"),
        ("return {a}", "must be made of"),
        ("return [b'x']", "must be made of"),
        ("x = [0] * (1 << 30); return 3", "more than the 256 MB"),
        ("while True: print('x' * 100_000)", "printed far too much"),
        ("return 'x' * (1 << 22)", "too large to be compared"),
        ("open('/etc/passwd'); return 3", "PermissionError"),
        ("while True: pass", "longer than"),
        ("import ctypes; ctypes.string_at(1)", "Python itself crashed"),
        ("return '\\x00\\ud800'", "text came"),
        ("return True", "True came"),
    ],
)
def test_what_a_function_may_do_wrong_is_told_in_words(
    user: Any, make_challenge: Any, judged: Any, body: str, words: str
) -> None:
    quick = make_challenge(ADD, limits={"wall_seconds": 0.7}, test_cases=ADD["test_cases"][:1])
    shown = judged(user, quick, code=f"def add(a, b):\n    {body}")
    assert shown["status"] == "scored", shown["error"]
    assert (shown["score"], shown["passed"]) == (0, False)
    assert words in shown["cases"][0]["error"]


@pytest.mark.pure
def test_threads_may_be_started_and_end_with_the_case(user: Any, add: Any, judged: Any) -> None:
    code = """
import threading, time
def add(a, b):
    threading.Thread(target=time.sleep, args=(30,)).start()
    return a + b
"""
    shown = judged(user, add, code=code)
    assert shown["passed"]
    assert shown["execution_ms"] < 2000


@pytest.mark.pure
def test_nothing_that_code_patches_makes_a_wrong_answer_right(
    user: Any, add: Any, judged: Any
) -> None:
    code = """
import builtins, json, math
class Yes(int):
    __eq__ = lambda self, other: True
    __hash__ = int.__hash__
math.isclose = lambda *a, **k: True
builtins.isinstance = lambda *a: True
json.JSONEncoder.default = lambda self, o: 3
def add(a, b):
    import gc
    for found in gc.get_objects():
        if isinstance(found, dict) and "expected" in found:
            return found["expected"]
    return Yes(99)
"""
    shown = judged(user, add, code=code)
    assert (shown["score"], shown["passed"]) == (0, False)


def test_who_runs_out_of_time_twice_is_not_waited_for(
    user: Any, make_challenge: Any, judged: Any
) -> None:
    cases = [{"args": [n, n], "expected": 2 * n} for n in range(10)]
    slow = make_challenge(ADD, limits={"wall_seconds": 0.3}, test_cases=cases)
    shown = judged(user, slow, code="def add(a, b):\n    while True: pass")
    assert [case["category"] for case in shown["cases"]] == ["timeout"] * 2 + ["not_run"] * 8
    assert shown["execution_ms"] < 2000


def test_running_shows_visible_cases_and_records_only_the_beginning(
    client: Any, user: Any, add: Any, bearer: Any
) -> None:
    headers = bearer(user)
    answer = client.post(
        f"/api/v1/challenges/{add.id}/run",
        json={"code": "def add(a, b): return 4"},
        headers=headers,
    )
    assert answer.status_code == 200, answer.text
    [case] = answer.json["data"]["cases"]
    assert (case["passed"], case["actual_result"], case["is_visible"]) == (False, 4, True)
    progress = client.get("/api/v1/progress", headers=headers).json["data"]
    assert [(row["status"], row["attempts"]) for row in progress] == [("started", 0)]
    assert client.get("/api/v1/submissions", headers=headers).json["data"] == []
    assert client.get(f"/api/v1/leaderboard?challenge={add.id}").json["data"] == []


@pytest.mark.pure
@pytest.mark.parametrize(
    ("comparison", "right"),
    [("exact", [True, False, False]), ("float", [True, True, False]), ("unordered", [True] * 3)],
)
def test_answers_are_compared_as_the_author_says(
    user: Any, make_challenge: Any, judged: Any, comparison: str, right: list[bool]
) -> None:
    both = make_challenge(
        ADD,
        comparison=comparison,
        signature="add(a, b)",
        solution="def add(a, b): return [a + b, a]",
        test_cases=[{"args": [0.1, 0.2], "is_visible": True}, {"args": [1, 2]}],
    )
    for passes, code in zip(
        right,
        ("return [a + b, a]", "return [round(a + b, 9), a]", "return [a, round(a + b, 9)]"),
        strict=True,
    ):
        shown = judged(user, both, code=f"def add(a, b): {code}")
        assert shown["passed"] is passes, (code, shown["cases"])


def test_the_board_counts_the_score_and_who_was_first(
    client: Any, make_user: Any, add: Any, judged: Any
) -> None:
    for name, code in (
        ("late", "def add(a, b): return abs(a) + abs(b)"),
        ("first", "def add(a, b): return a + b"),
        ("second", "def add(a, b): return b + a"),
    ):
        judged(make_user(name), add, code=code)
    rows = client.get(f"/api/v1/leaderboard?challenge={add.id}").json["data"]
    assert [(row["username"], row["rank"], row["score"]) for row in rows] == [
        ("first", 1, 100),
        ("second", 2, 100),
        ("late", 3, 75),
    ]
