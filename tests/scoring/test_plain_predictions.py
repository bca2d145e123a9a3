"""Ids that are text, read as bytes: the same places as any other way finds, and nothing more is let in."""

from __future__ import annotations

import pytest

from mlarena.scoring.predictions import plain, reading
from tests.scoring.test_predictions import predictions, refused, words

pytestmark = pytest.mark.pure


@pytest.mark.parametrize("piece", [1, 7, 50, 1 << 20])
def test_plain_text_ids_are_found_by_their_bytes(piece, monkeypatch):
    """However the file is cut, without a Python string for each id; all other ways are closed."""
    ids = ["a", "aa", "b" * 8, "b" * 9, "row_07", "row_7", "07", "Ω-ünï", "x" * 64, "x" * 63 + "y"]
    answers = words(ids)
    monkeypatch.setattr(plain, "_PIECE", piece)
    for other in ("_typed_pieces", "_careful"):
        monkeypatch.setattr(reading, other, lambda *_: pytest.fail("it was read another way"))
    for order in (ids, ids[::-1], [*ids[5:], *ids[:5]]):
        for end, last in (("\n", "\n"), ("\r\n", "\r\n"), ("\n", "")):
            lines = [f"{name},{ids.index(name)}.5" for name in order]
            found = predictions(end.join(["id,y", *lines]) + last, answers)
            assert found.tolist() == [n + 0.5 for n in range(len(ids))]


@pytest.mark.parametrize(
    "line",
    [
        "row_2,1",
        "row_,1",
        "row_1\0,1",
        "row_1x,1",
        "ROW_1,1",
        "row_1,1_0",
        "row_1,1,1",
        "row_1",
        "",
    ],
)
def test_what_is_nearly_plain_is_not_taken_for_it(line):
    """A stranger, an id that ends in a zero byte, a number as Python alone writes it, too few fields."""
    answers = words(["row_0", "row_1", "row_3"])
    assert refused(f"id,y\nrow_0,1\n{line}\nrow_3,1\n", answers).message
