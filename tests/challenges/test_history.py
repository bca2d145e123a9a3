"""One's own attempts at a challenge, and what changed between two of them."""

from __future__ import annotations

from typing import Any

import pytest

from tests.challenges.conftest import ADD, QUIZ, RIGHT
from tests.challenges.test_sql import GOALS, REWRITTEN, WITHOUT_GREENS


@pytest.fixture
def tried(user: Any, make_challenge: Any, judged: Any) -> Any:
    """(challenge, ids of its three attempts)"""
    challenge = make_challenge(GOALS)
    queries = (WITHOUT_GREENS, WITHOUT_GREENS.replace("JOIN", "LEFT JOIN"), REWRITTEN)
    return challenge, [judged(user, challenge, query=query)["id"] for query in queries]


def test_the_last_two_are_compared_and_any_others_on_demand(
    user: Any, tried: Any, signed_in: Any
) -> None:
    challenge, (first, second, _) = tried
    browser, path = signed_in(user), f"/challenges/{challenge.id}/attempts"
    shown = browser.get(path).text
    assert "From no. 2 to no. 3" in shown
    assert shown.count('name="one"') == shown.count('name="other"') == 3
    # In whichever order they are named, the earlier is what it was before.
    for asked in (f"one={first}&other={second}", f"one={second}&other={first}"):
        shown = browser.get(f"{path}?{asked}").text
        assert "From no. 1 to no. 2" in shown
        assert "<mark>LEFT </mark>" in shown
        assert '<span class="figure">1</span> line came' in shown
    assert "line by line" in browser.get(f"{path}?one={first}&other={first}").text
    verdict = browser.get(f"/submissions/{second}").text
    assert f"/challenges/{challenge.id}/attempts?one={first}&amp;other={second}#change" in verdict
    assert "What changed since" not in browser.get(f"/submissions/{first}").text


def test_nobody_elses_attempts_are_compared_nor_listed(
    user: Any, author: Any, make_user: Any, tried: Any, signed_in: Any, judged: Any
) -> None:
    challenge, (first, second, _) = tried
    other = make_user("other")
    own = judged(other, challenge, query=REWRITTEN)["id"]
    path = f"/challenges/{challenge.id}/attempts"
    for somebody in (other, author):
        browser = signed_in(somebody)
        for asked in (f"one={first}&other={second}", f"one={first}&other={own}", "one=0&other=-1"):
            refused = browser.get(f"{path}?{asked}")
            assert refused.status_code == 404
            assert "player" not in refused.text
        assert f"/submissions/{first}" not in browser.get(path).text


def test_code_is_compared_too_and_answers_are_only_listed(
    user: Any, make_challenge: Any, judged: Any, signed_in: Any
) -> None:
    add, quiz, browser = make_challenge(ADD), make_challenge(QUIZ), signed_in(user)
    assert "You have handed in nothing" in browser.get(f"/challenges/{add.id}/attempts").text
    for code in ("def add(a, b):\n    return a - b\n", "def add(a, b):\n    return a + b\n"):
        judged(user, add, code=code)
    shown = browser.get(f"/challenges/{add.id}/attempts").text
    assert "return a <mark>+</mark> b" in shown
    assert "return a <mark>-</mark> b" in shown
    ids = [judged(user, quiz, answers=RIGHT)["id"] for _ in range(2)]
    listed = browser.get(f"/challenges/{quiz.id}/attempts").text
    assert all(f"/submissions/{number}" in listed for number in ids)
    assert 'name="one"' not in listed
    asked = f"/challenges/{quiz.id}/attempts?one={ids[0]}&other={ids[1]}"
    assert browser.get(asked).status_code == 404


def test_what_was_written_is_text_in_the_comparison(
    user: Any, make_challenge: Any, judged: Any, signed_in: Any
) -> None:
    add = make_challenge(ADD)
    for evil in ("<script>alert(1)</script>", "<script>alert(2)</script>"):
        judged(user, add, code=f"# {evil}\ndef add(a, b): return a + b")
    shown = signed_in(user).get(f"/challenges/{add.id}/attempts").text
    assert "<script>alert" not in shown
    assert "alert(<mark>2</mark>)" in shown
