"""What a copy cannot hide behind, and what two honest solutions are not told for."""

from __future__ import annotations

import itertools
import keyword
import random
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlarena.scoring.similarity import (
    GRAM,
    WINDOW,
    alike,
    discount,
    fingerprints,
    gram_hashes,
    marked,
    tokens,
    winnow,
)

pytestmark = pytest.mark.pure

SOLUTION = '''
def running_mean(values, size):
    """The mean of every `size` values in a row."""
    total, means = 0.0, []
    for place, value in enumerate(values):
        total += value
        if place >= size:  # what has left the window
            total -= values[place - size]
        if place >= size - 1:
            means.append(total / size)
    return means
'''
OTHER = """
def running_mean(values, size):
    return [sum(values[i:i + size]) / size for i in range(len(values) - size + 1)]
"""
QUERY = """
SELECT c.name, COUNT(*) AS orders, SUM(o.amount) AS total
FROM customers c JOIN orders o ON o.customer_id = c.id
WHERE o.status = 'paid' AND o.amount > 10
GROUP BY c.name HAVING COUNT(*) >= 3 ORDER BY total DESC
"""
PYTHON_NAMES = st.sampled_from(["a", "x_1", "größe", "matches", "_", "list", "lambda_", "total"])
# How long drawing takes tells of the machine alone.


def own_names(code: str) -> list[str]:
    words = set(re.findall(r"\b[a-z_]+\b", code))
    return sorted(word for word in words if not keyword.iskeyword(word))


@given(st.data())
def test_other_names_comments_and_whitespace_change_nothing_in_python(data: st.DataObject) -> None:
    renamed = SOLUTION
    for name in own_names(SOLUTION):
        renamed = re.sub(rf"\b{name}\b", data.draw(PYTHON_NAMES), renamed)
    lines = []
    for line in renamed.splitlines():
        gap = data.draw(st.sampled_from(["", "   ", "\t"]))
        note = data.draw(st.sampled_from(["", "  # mine", '  # it\'s "so"']))
        lines.append(gap + line + ("" if '"""' in line else note))
        lines.extend([""] * data.draw(st.integers(0, 2)))
    assert fingerprints("\n".join(lines), "python") == fingerprints(SOLUTION, "python")


@given(st.data())
def test_other_names_comments_and_whitespace_change_nothing_in_sql(data: st.DataObject) -> None:
    renamed = QUERY
    for name in ("c", "o", "orders", "total", "customers"):
        fresh = data.draw(st.sampled_from(["x1", '"My name"', "zähler", "T", "_a"]))
        renamed = re.sub(rf"\b{name}\b", fresh, renamed)
    gap = data.draw(st.sampled_from(["\n", " /* why */ ", "\t -- because\n", "  "]))
    assert fingerprints(renamed.lower().replace(" ", gap), "sql") == fingerprints(QUERY, "sql")


@given(
    st.lists(st.integers(0, 30), min_size=0, max_size=80),
    st.lists(st.integers(0, 30), min_size=0, max_size=80),
    st.lists(st.integers(0, 30), min_size=0, max_size=80),
    st.lists(st.integers(0, 30), min_size=0, max_size=80),
    st.integers(0, 40),
    st.sampled_from(["python", "sql"]),
    st.randoms(use_true_random=False),
)
def test_any_match_of_the_guaranteed_length_is_found(
    before: list[int], after: list[int], left: list[int], right: list[int],
    more: int, language: str, chance: random.Random,
) -> None:  # fmt: skip
    """k + w - 1 tokens in a row that both have, wherever they stand, leave a fingerprint in both."""
    signs = [chr(0x2600 + number) for number in range(31)]  # each a token of its own

    def written(numbers: list[int]) -> str:
        return "".join(signs[number] for number in numbers)

    length = GRAM[language] + WINDOW[language] - 1 + more
    common = written([chance.randrange(31) for _ in range(length)])
    one = written(before) + common + written(after)
    other = written(left) + common + written(right)
    assert fingerprints(one, language) & fingerprints(other, language)
    assert alike(one, other, language).regions


@given(st.lists(st.integers(0, 50), max_size=200), st.integers(1, 12))
def test_winnowing_keeps_one_of_every_window_and_needs_nothing_else(
    hashes: list[int], window: int
) -> None:
    chosen = winnow(hashes, window)
    assert chosen == sorted(set(chosen))
    for start in range(len(hashes) - window + 1):
        part = range(start, start + window)
        least = min(hashes[place] for place in part)
        assert max(place for place in part if hashes[place] == least) in chosen
    assert bool(chosen) == bool(hashes)


def test_a_copy_is_told_from_another_way_to_solve_it() -> None:
    copy = SOLUTION.replace("total", "s").replace("means", "out").replace("place", "i")
    found = alike(SOLUTION, copy, "python")
    assert found.share == 1.0
    assert alike(SOLUTION, OTHER, "python").share < 0.35


def test_what_was_given_out_does_not_count() -> None:
    starter = SOLUTION.partition("    for place")[0]
    given_out = discount([starter], "python")
    one, other = starter + "    return sorted(values)[size]\n", starter + "    pass\n"
    assert alike(one, other, "python").share > 0.5
    assert alike(one, other, "python", given_out).share == 0
    assert not fingerprints(starter, "python", given_out)
    assert alike(SOLUTION, SOLUTION, "python", given_out).share == 1.0


def test_every_character_is_shown_once_and_marked_alike_on_both_sides() -> None:
    copy = "import math\n\n" + SOLUTION.replace("total", "s")
    found = alike(SOLUTION, copy, "python")
    sides = []
    for text, found_tokens, side in (
        (SOLUTION, found.one_tokens, "one"), (copy, found.other_tokens, "other"),
    ):  # fmt: skip
        spans = [
            (getattr(region, side), region.length, number)
            for number, region in enumerate(found.regions, 1)
        ]
        lines = marked(text, found_tokens, spans)
        assert "\n".join("".join(piece.text for piece in line) for line in lines) == text
        sides.append({piece.region for line in lines for piece in line} - {0})
    assert sides[0] == sides[1] != set()


@given(st.text(max_size=300), st.sampled_from(["python", "sql"]))
def test_no_text_is_too_odd(text: str, language: str) -> None:
    found = tokens(text, language)
    assert all(one.end <= other.start for one, other in itertools.pairwise(found))
    assert len(gram_hashes(found, language)) == max(0, len(found) - GRAM[language] + 1)
    alike(text, text[::-1], language)


def test_the_longest_texts_that_are_taken_are_compared() -> None:
    dull = "x = 0\n" * (64 * 1024 // 6)
    assert alike(dull, dull, "python").share == 1.0
    assert alike('"""' + "\\" * 60_000, "'" * 60_000, "python").share <= 1.0
