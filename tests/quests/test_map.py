"""The map: where every quest stands for its reader, and what to do next."""

from __future__ import annotations

import re
from typing import Any

import pytest

from mlarena.core.db import db
from mlarena.quests.path import BEHIND, MOST_STATIONS
from mlarena.quests.service import FEW
from mlarena.rewards.models import LearnerTotals
from mlarena.submissions.models import Progress


@pytest.fixture
def stands(app: Any) -> Any:
    """stands(user, quest, "completed", best=0.9): as if handed in."""

    def set_progress(user: Any, quest: Any, status: str, best: float | None = None) -> None:
        row = Progress(
            user_id=user.id, task_id=quest.id, status=status, attempts=1, best_score=best
        )
        db.session.add(row)
        db.session.commit()

    return set_progress


def stations(html: str) -> dict[str, dict[str, Any]]:
    """Title → state in words, whether it is the next one, and the text."""
    found = {}
    for classes, body in re.findall(r'<li class="station ([^"]*)">(.*?)</li>', html, re.S):
        text = " ".join(re.sub(r"<[^>]+>", " ", body).split())
        title = re.search(r"<h3><a[^>]*>(.*?)</a>", body, re.S)[1]
        found[title] = {"classes": classes.split(), "text": text}
    return found


def test_each_state_has_its_word_and_its_score(
    client: Any, user: Any, make_quest: Any, stands: Any, signed_in: Any
) -> None:
    made = {
        name: make_quest(slug=name, title=name.title(), position=place)
        for place, name in enumerate(("perfect", "passed", "tried", "open"))
    }
    make_quest("wine", slug="locked", title="Locked one", level_xp=500)
    make_quest("wine", slug="draft", title="Draft", status="draft")
    stands(user, made["perfect"], "completed", 1.0)
    stands(user, made["passed"], "completed", 0.95)
    stands(user, made["tried"], "submitted", 0.81234)
    page = signed_in(user).get("/quests").text
    found = stations(page)
    assert {title: one["classes"] for title, one in found.items()} == {
        "Perfect": ["perfect"],
        "Passed": ["passed"],
        "Tried": ["tried", "next"],
        "Open": ["open"],
        "Locked one": ["locked"],
    }
    assert "Your best 0.8123" in found["Tried"]["text"]
    assert "F1 (macro) &gt; 0.9" in found["Open"]["text"]
    assert "Opens at 500 XP" in page
    assert "500 to go" in page
    assert '2</span> of <span class="figure">5</span> passed' in page
    # To a stranger nothing is begun, and the path is there all the same.
    strangers = stations(client.get("/quests").text)
    assert [one["classes"][0] for one in strangers.values()] == ["open"] * 4 + ["locked"]
    assert strangers["Perfect"]["classes"] == ["open", "next"]


def test_a_level_opens_with_its_xp(user: Any, make_quest: Any, signed_in: Any) -> None:
    make_quest()
    make_quest("wine", slug="far", title="Far", level_xp=500)
    browser = signed_in(user)
    assert stations(browser.get("/quests").text)["Far"]["classes"] == ["locked"]
    db.session.add(LearnerTotals(user_id=user.id, xp=500))
    db.session.commit()
    assert stations(browser.get("/quests").text)["Far"]["classes"] == ["open"]


def test_everything_passed_has_nothing_next(
    user: Any, make_quest: Any, stands: Any, signed_in: Any
) -> None:
    stands(user, make_quest(), "completed", 0.95)
    page = signed_in(user).get("/quests")
    assert "Next:" not in page.text
    assert "next" not in stations(page.text)["The iris quest"]["classes"]


def test_a_long_level_is_shown_around_its_next_quest(
    user: Any, make_quest: Any, stands: Any, signed_in: Any
) -> None:
    quests = [make_quest(slug=f"q{n}", title=f"Q{n}", position=n) for n in range(70)]
    for quest in quests[:30]:
        stands(user, quest, "completed", 0.95)
    browser = signed_in(user)
    page = browser.get("/quests").text
    shown = list(stations(page))
    assert shown == [f"Q{n}" for n in range(30 - BEHIND, 30 - BEHIND + MOST_STATIONS)]
    assert "next" in stations(page)["Q30"]["classes"]
    assert "All 70 quests" in page
    level = quests[0].level_id
    first = browser.get(f"/quests?level={level}").text
    second = browser.get(f"/quests?level={level}&page=2").text
    assert list(stations(first)) + list(stations(second)) == [f"Q{n}" for n in range(70)]
    assert list(stations(browser.get(f"/quests?level={level}&page=99").text))[-1] == "Q69"
    assert browser.get("/quests?level=999").status_code == 404


@pytest.mark.parametrize("many", [3, FEW + 10])
def test_progress_is_told_right_for_few_and_for_many(
    user: Any, make_user: Any, make_quest: Any, stands: Any, bearer: Any, client: Any, many: int
) -> None:
    """Above a number of quests another statement reads it; others' progress is in neither."""
    quests = [make_quest(slug=f"q{n}") for n in range(many)]
    other = make_user("grace")
    stands(user, quests[1], "completed", 0.95)
    stands(other, quests[0], "completed", 0.99)
    rows = client.get("/api/v1/quests", headers=bearer(user)).json["data"]
    assert [row["status"] for row in rows] == ["new", "completed", *["new"] * (many - 2)]
    assert rows[1]["best_score"] == 0.95


def test_names_of_any_length_stand_whole(make_quest: Any, client: Any) -> None:
    make_quest(slug="short", title="K", summary="")
    make_quest(slug="long", title="W" * 64, summary="x" * 300)
    found = stations(client.get("/quests").text)
    assert set(found) == {"K", "W" * 64}
