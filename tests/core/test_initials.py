"""The letters in the circle beside a name."""

from __future__ import annotations

import pytest

from mlarena.core.initials import initials

pytestmark = pytest.mark.pure


@pytest.mark.parametrize(
    ("name", "letters"),
    [
        ("Ada Lovelace", "AL"),
        ("ada", "A"),
        ("ada_lovelace-byron", "AL"),
        ("x", "X"),
        ("W" * 64, "W"),
        ("研究", "研"),
        ("محمد بن موسى", "مب"),
        ("e\u0301mile", "E\u0301"),
        ("👩‍🔬 lab", "👩‍🔬"),
        ("👍🏽", "👍🏽"),
        ("<script>", "S"),
        ("42 is", "4"),
        ("...", "?"),
        ("", "?"),
    ],
)
def test_one_or_two_of_any_script(name: str, letters: str) -> None:
    assert initials(name) == letters
