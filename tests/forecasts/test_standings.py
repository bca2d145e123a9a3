"""Tables by the leagues' rules."""

from __future__ import annotations

import pytest

from mlarena.forecasts.standings import Result, table

pytestmark = pytest.mark.pure
A, B, C, D = 1, 2, 3, 4


def order(results: list[Result], rules: str, **more: object) -> list[tuple[int, int]]:
    return [(line.team, line.rank) for line in table((A, B, C, D), results, rules, **more)]  # type: ignore[arg-type]


# A and B end with the same points: B has beaten A, A has the better difference.
EVEN = [
    Result(B, A, 1, 0), Result(A, B, 0, 0),
    Result(A, C, 5, 0), Result(B, C, 0, 1), Result(B, D, 1, 1), Result(A, D, 0, 1),
    Result(C, A, 0, 0),
]  # fmt: skip


def test_the_same_results_make_another_table_in_another_league() -> None:
    lines = {line.team: line for line in table((A, B, C, D), EVEN)}
    assert lines[A].points == lines[B].points == 5
    assert lines[A].goal_difference > lines[B].goal_difference
    for rules in ("england", "germany", "france", "goal_difference"):
        places = [team for team, _ in order(EVEN, rules)]
        assert places.index(A) < places.index(B), rules
    for rules in ("spain", "italy"):
        places = [team for team, _ in order(EVEN, rules)]
        assert places.index(B) < places.index(A), rules


def test_meetings_decide_only_when_both_have_been_played() -> None:
    half = [result for result in EVEN if (result.home, result.away) != (A, B)]
    half.append(Result(C, A, 1, 1))  # the point that A lacks now
    lines = {line.team: line for line in table((A, B, C, D), half)}
    assert lines[A].points == 5 and lines[B].points == 4
    half.append(Result(D, B, 0, 0))
    places = [team for team, _ in order(half, "spain")]
    assert places.index(A) < places.index(B)


def test_equals_in_everything_share_a_rank_and_points_can_be_taken() -> None:
    draws = [Result(A, B, 1, 1), Result(C, D, 1, 1)]
    assert order(draws, "goal_difference") == [(A, 1), (B, 1), (C, 1), (D, 1)]
    assert order(draws, "goal_difference", deducted={A: 1})[-1] == (A, 4)
    # In England the goal that the visitors scored tells them apart.
    assert order(draws, "england") == [(B, 1), (D, 1), (A, 3), (C, 3)]
    assert order([], "italy") == [(A, 1), (B, 1), (C, 1), (D, 1)]


def test_who_stays_equal_among_three_is_asked_anew_between_two() -> None:
    three = [Result(A, B, 1, 0), Result(B, C, 1, 0), Result(C, A, 3, 0)]
    three += [Result(B, A, 1, 0), Result(C, B, 1, 0), Result(A, C, 1, 0)]
    lines = table((A, B, C), three, "italy")
    # All have won both at home: C by its difference; A and B are equal between them, then by all matches.
    assert [line.team for line in lines] == [C, B, A]


def test_form_is_the_last_five_the_latest_last() -> None:
    results = [Result(A, B, n, 1) for n in (0, 0, 1, 2, 3, 1)]
    first = {line.team: line.form for line in table((A, B), results)}
    assert first == {A: ["L", "D", "W", "W", "D"], B: ["W", "D", "L", "L", "D"]}
