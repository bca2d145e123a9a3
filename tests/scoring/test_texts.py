"""What changed between two texts: nothing is lost, and what is equal is not told as changed."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlarena.scoring import texts
from mlarena.scoring.texts import Line, text_change

pytestmark = pytest.mark.pure

LINES = st.lists(st.sampled_from(["a", "b", "  b", "", "SELECT 1", "—ü"]), max_size=30)


def said(line: Line) -> str:
    return "".join(part.text for part in line.parts)


@given(LINES, LINES)
def test_both_texts_can_be_read_off_it(old: list[str], new: list[str]) -> None:
    change = text_change("\n".join(old), "\n".join(new))
    # What splitlines makes of them is what has lines: the last empty one is none.
    old, new = "\n".join(old).splitlines(), "\n".join(new).splitlines()
    for line in change.lines:
        if line.before is not None:
            assert said(line) == old[line.before - 1]
        if line.after is not None:
            assert said(line) == new[line.after - 1]
    left_out = sum(line.count for line in change.lines)
    assert sum(line.before is not None for line in change.lines) + left_out == len(old)
    assert sum(line.after is not None for line in change.lines) + left_out == len(new)
    assert change.equal == (old == new)


def test_a_query_and_the_next_try() -> None:
    old = "SELECT name, SUM(goals)\nFROM team\nJOIN player USING (id)\nGROUP BY name"
    new = "SELECT name, SUM(goals)\nFROM team\nLEFT JOIN player USING (id)\nGROUP BY name\nLIMIT 3"
    change = text_change(old, new)
    told = [(line.kind, said(line)) for line in change.lines]
    assert told == [
        ("same", "SELECT name, SUM(goals)"),
        ("same", "FROM team"),
        ("gone", "JOIN player USING (id)"),
        ("new", "LEFT JOIN player USING (id)"),
        ("same", "GROUP BY name"),
        ("new", "LIMIT 3"),
    ]
    marked = [part.text for line in change.lines for part in line.parts if part.changed]
    assert marked == ["LEFT "]
    assert (change.gone, change.new) == (1, 2)


def test_far_from_a_change_lines_are_counted_and_not_shown() -> None:
    text = [f"line {number}" for number in range(100)]
    change = text_change("\n".join(text), "\n".join([*text[:50], "new", *text[50:]]))
    assert [(line.kind, line.count) for line in change.lines if line.count] == [
        ("left_out", 47),
        ("left_out", 47),
    ]
    assert len(change.lines) == 2 * (texts.CONTEXT + 1) + 1


def test_the_longest_texts_are_cut() -> None:
    """Line by line they would take minutes: the suite's own clock ends that."""
    words = "ab\nba\n" * 10_000, "ba\nab\nc\n" * 8_000
    change = text_change(*words)
    assert change.cut
    assert len(change.lines) == texts.MOST_SHOWN
