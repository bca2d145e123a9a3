"""What anybody may ask the bot for: the boards and the competitions, as it tells them."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from mlarena.boards import service as boards
from mlarena.bot.models import TelegramMessage
from mlarena.competitions import service as contests
from mlarena.core import clock
from mlarena.core.clock import utcnow
from mlarena.core.db import db
from tests.bot.conftest import ADA, BEN
from tests.bot.stub import NAME, bare
from tests.bot.test_talk import GROUP, said
from tests.bot.test_talk import tell as tell
from tests.challenges.conftest import QUIZ
from tests.challenges.conftest import author as author
from tests.challenges.conftest import make_challenge as make_challenge
from tests.competitions.conftest import NOW
from tests.competitions.conftest import checked as checked
from tests.competitions.conftest import make_competition as make_competition

OTHERS = "/leaderboard weekly and /leaderboard rating show the others."


@pytest.fixture
def told(tell: Any, telegram: Any) -> Any:
    """told(ADA, "/help") -> the lines of the answer, without tags."""

    def ask(who: int, words: str, **more: Any) -> list[str]:
        tell(telegram.write(who, words, **more))
        [text] = said()
        return [line for line in bare(text).splitlines() if line]

    return ask


@pytest.fixture
def three(make_user: Any) -> dict[str, Any]:
    """Three people, who stand otherwise on each of the three boards."""
    people = {name: make_user(name) for name in ("ada", "ben", "cy")}
    for board, scores in (
        ("global", {"ada": 300, "ben": 200, "cy": 100}),
        ("weekly", {"cy": 40, "ada": 30}),
    ):
        for name, score in scores.items():
            boards.add(board, people[name].id, score, utcnow())
    for name, score in (("ben", 1612), ("ada", 1388)):
        boards.record("rating", people[name].id, score, "higher", utcnow())
    db.session.commit()
    return people


def test_each_board_by_its_word(told: Any, three: Any, link: Any) -> None:
    link(three["ada"], ADA)
    assert told(ADA, "/leaderboard") == [
        *("All-time XP", "1. ada · 300", "2. ben · 200", "3. cy · 100"),
        *("You are number 1 of 3.", OTHERS),
    ]
    week = ["XP this week", "1. cy · 40", "2. ada · 30", "You are number 2 of 2.", OTHERS]
    assert told(ADA, "/leaderboard weekly") == told(ADA, "/LEADERBOARD  Weekly") == week
    assert told(ADA, "/leaderboard rating") == [
        *("Rating", "1. ben · 1,612", "2. ada · 1,388", "You are number 2 of 2.", OTHERS)
    ]
    assert told(ADA, "/leaderboard of all times")[0] == "All-time XP"


def test_who_is_not_known_there_hears_the_same_without_a_place(told: Any, three: Any) -> None:
    for asked in (
        told(BEN, "/leaderboard weekly"),
        told(BEN, f"/leaderboard@{NAME} weekly", chat=GROUP),
    ):
        assert asked == ["XP this week", "1. cy · 40", "2. ada · 30", OTHERS]


def test_who_stands_below_the_ten_is_shown_apart(
    told: Any, three: Any, make_user: Any, link: Any
) -> None:
    for number in range(10):
        boards.add("global", make_user(f"p{number}").id, 1000 + number, utcnow())
    db.session.commit()
    link(three["cy"], ADA)
    lines = told(ADA, "/leaderboard")
    assert [line.partition(".")[0] for line in lines[1:11]] == [str(n) for n in range(1, 11)]
    assert lines[11:] == ["…", "13. cy · 100", "You are number 13 of 13.", OTHERS]


def test_an_empty_board_is_said_to_be(told: Any) -> None:
    for words in ("", " weekly", " rating"):
        assert told(BEN, f"/leaderboard{words}") == ["Nobody stands on that board yet."]


def test_a_long_list_is_turned_page_by_page(
    tell: Any, telegram: Any, user: Any, link: Any, make_challenge: Any
) -> None:
    link(user, ADA)
    for number in range(9):
        make_challenge(QUIZ, name=f"Quiz {number}")
    tell(telegram.write(ADA, "/challenges"))
    [first] = db.session.scalars(select(TelegramMessage))
    assert "Challenges, page 1 of 2" in bare(first.payload["text"])
    assert first.payload["buttons"][-1] == [["More →", "list:0:2"]]
    shown = {"message_id": 5, "date": 1, "chat": {"id": ADA, "type": "private"}}
    assert tell(telegram.press_data(ADA, "list:0:2", shown)) == ""
    second = db.session.scalars(select(TelegramMessage).order_by(TelegramMessage.id.desc())).first()
    assert second is not None
    assert (second.method, second.payload["message_id"]) == ("editMessageText", 5)
    assert "Challenges, page 2 of 2" in bare(second.payload["text"])
    assert second.payload["buttons"][-1] == [["← Back", "list:0:1"]]
    names = "".join(bare(one.payload["text"]) for one in (first, second))
    assert [number for number in range(9) if names.count(f"Quiz {number}") != 1] == []


def test_competitions_that_go_on_and_those_to_come(
    told: Any, user: Any, link: Any, make_competition: Any
) -> None:
    hour = timedelta(hours=1)
    with clock.freeze(NOW - 2 * hour):
        make_competition("Over", ends_at=NOW - hour)
    with clock.freeze(NOW):
        assert told(ADA, "/competitions") == ["No competition goes on, and none is announced."]
        houses = make_competition("Houses & <b>", ends_at=NOW + 53 * hour)
        make_competition("Waves", ends_at=NOW + 5 * hour)
        make_competition("Winds", starts_at=NOW + 25 * hour, ends_at=NOW + 99 * hour)
        make_competition("A draft", publish=False)
        link(user, ADA)
        contests.register(user, houses)
        assert told(ADA, "/competitions") == [
            *("Going on", "Waves · ends in 5 h 0 min"),
            "Houses & <b> · ends in 2 days 5 h · you are in",
            *("To come", "Winds · begins in 1 day 1 h"),
        ]
        lines = told(BEN, "/competitions")
        assert "you are in" not in str(lines) and len(lines) == 5
