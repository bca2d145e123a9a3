"""The front page for strangers and for learners, the API's page, robots.txt."""

from __future__ import annotations

import re
from datetime import timedelta
from html import unescape
from typing import Any

import pytest

from mlarena.boards import index
from mlarena.boards import service as boards
from mlarena.core.clock import utcnow
from mlarena.core.db import db
from mlarena.rewards import service as rewards
from mlarena.submissions.models import Progress, Submission


def headings(answer: Any) -> list[str]:
    found = re.findall(r"<h1[^>]*>(.*?)</h1>", answer.text, re.S)
    return [unescape(re.sub(r"<[^>]+>", "", text)).strip() for text in found]


def words(answer: Any) -> str:
    main = re.search(r"<main.*</main>", answer.text, re.S)
    assert main
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", main[0])).split())


def earn(user: Any, xp: int, key: str = "task:1") -> None:
    now = utcnow()
    rewards.reward_pass(user, key, xp, "Passed something", ("quest",), False, now)
    changes = [boards.add("global", user.id, xp, now)]
    db.session.commit()
    index.apply(changes)


def progress(user: Any, quest: Any, status: str, best: float | None = None) -> None:
    row = Progress(user_id=user.id, task_id=quest.id, status=status, attempts=1, best_score=best)
    if status == "completed":
        row.completed_at = utcnow()
    db.session.add(row)
    db.session.commit()


def submitted(user: Any, quest: Any, count: int) -> None:
    for number in range(count):
        db.session.add(
            Submission(
                user_id=user.id,
                task_id=quest.id,
                attempt_no=number + 1,
                status="scored",
                score=0.5,
                passed=False,
                queued_at=utcnow() - timedelta(minutes=count - number),
            )
        )
    db.session.commit()


def test_a_stranger_reads_what_it_is_in_nine_words_and_has_one_button(client: Any) -> None:
    answer = client.get("/")
    assert answer.status_code == 200
    (title,) = headings(answer)
    assert len(title.split()) == 9
    main = answer.text[answer.text.index("<main") : answer.text.index("</main>")]
    assert len(re.findall(r'class="button\b|<button', main)) == 1
    assert "Nobody stands here yet" in answer.text


def test_a_stranger_sees_the_live_board(client: Any, make_user: Any) -> None:
    for place in range(12):
        earn(make_user(f"player{place}"), 100 * (place + 1))
    answer = client.get("/")
    assert 'data-board="global"' in answer.text
    shown = re.findall(r"<bdi>(player\d+)</bdi>", answer.text)
    assert shown == [f"player{place}" for place in range(11, 1, -1)]


def test_names_cannot_carry_markup(client: Any, make_user: Any) -> None:
    user = make_user("ada")
    user.username = "<script>alert(1)</script>"
    db.session.commit()
    earn(user, 100)
    assert "<script>alert" not in client.get("/").text
    assert "<script>alert" not in client.get(f"/users/{user.id}").text


def test_a_newcomer_is_shown_where_the_path_begins(
    user: Any, signed_in: Any, make_quest: Any
) -> None:
    make_quest("wine", slug="later", title="A later quest", level_xp=100)
    make_quest("iris", slug="first", title="The first quest")
    answer = signed_in(user).get("/")
    assert headings(answer) == ["Next: The first quest"]
    assert "where the path begins" in words(answer)
    assert "You are on the board as soon as you pass a quest." in words(answer)
    assert "0 of 100 XP to level 2" in words(answer)


def test_what_was_begun_comes_before_what_is_new(
    user: Any, signed_in: Any, make_quest: Any
) -> None:
    make_quest("iris", slug="untouched", title="An untouched quest")
    begun = make_quest("wine", slug="begun", title="A quest that was begun", threshold=0.9)
    progress(user, begun, "submitted", best=0.8125)
    answer = signed_in(user).get("/")
    assert headings(answer) == ["Next: A quest that was begun"]
    assert "Your best so far is 0.8125; it takes" in words(answer)


def test_locked_and_passed_quests_are_not_next(user: Any, signed_in: Any, make_quest: Any) -> None:
    passed = make_quest("iris", slug="passed", title="A passed quest")
    make_quest("wine", slug="locked", title="A locked quest", level_xp=5000)
    progress(user, passed, "completed", best=1.0)
    assert headings(signed_in(user).get("/")) == ["Every open quest is passed"]


def test_without_quests_the_page_says_so(user: Any, signed_in: Any) -> None:
    assert headings(signed_in(user).get("/")) == ["No quests are published yet"]


def test_a_learner_sees_three_above_and_three_below(make_user: Any, signed_in: Any) -> None:
    people = [make_user(f"player{place:02}") for place in range(12)]
    for place, person in enumerate(people):
        earn(person, 1200 - 100 * place)
    answer = signed_in(people[6]).get("/")
    around = answer.text[answer.text.index('id="league"') :]
    shown = re.findall(r"<bdi>(player\d+)</bdi>", around)
    assert shown == [f"player{place:02}" for place in range(3, 10)]
    assert "you are here" in around
    assert 'data-around="3"' in around and "number 7 of 12" in words(answer)
    assert re.search(r"data-xp>600<", answer.text)


def test_who_is_not_listed_is_told_why_no_board_is_there(make_user: Any, signed_in: Any) -> None:
    answer = signed_in(make_user("ada", listed=False)).get("/")
    assert "You stand on no board" in words(answer)


def test_home_takes_as_many_queries_for_much_as_for_little(
    make_user: Any, signed_in: Any, make_quest: Any, queries: list[str]
) -> None:
    user = make_user("ada")
    browser = signed_in(user)
    first = make_quest("iris", slug="one")
    earn(user, 100)
    submitted(user, first, 1)
    browser.get("/")
    queries.clear()
    browser.get("/")
    little = len(queries)
    for number in range(4):
        make_quest("iris", slug=f"more-{number}")
        earn(make_user(f"player{number}"), 50 + number, key=f"task:{number + 2}")
    submitted(make_user("bob"), first, 5)
    for number in range(2, 6):
        db.session.add(
            Submission(user_id=user.id, task_id=first.id, attempt_no=number, status="queued")
        )
    db.session.commit()
    browser.get("/")  # what is kept of the quests is read anew once, after they changed
    queries.clear()
    assert browser.get("/").status_code == 200
    assert len(queries) == little
    assert little <= 17


def test_the_welcome_page_takes_as_many_queries_for_much_as_for_little(
    client: Any, make_user: Any, queries: list[str]
) -> None:
    earn(make_user("ada"), 100)
    client.get("/")
    queries.clear()
    client.get("/")
    little = len(queries)
    for number in range(10):
        earn(make_user(f"player{number}"), 50 + number)
    queries.clear()
    client.get("/")
    assert len(queries) == little <= 6


def test_the_api_page_needs_no_exception_from_the_policy(client: Any) -> None:
    answer = client.get("/api/docs")
    assert answer.status_code == 200
    assert 'data-document="/api/v1/openapi.json"' in answer.text
    assert not re.search(r"<script(?![^>]*\bsrc=)[^>]*>", answer.text)
    assert "http" not in "".join(re.findall(r'(?:src|href)="([^"]+)"', answer.text))
    assert "unsafe-inline" not in answer.headers["Content-Security-Policy"]


def test_robots_leave_people_alone(client: Any) -> None:
    answer = client.get("/robots.txt")
    assert answer.mimetype == "text/plain"
    assert "Disallow: /users/" in answer.text.splitlines()
    assert "Disallow: /metrics" in answer.text.splitlines()


def test_what_asks_for_a_login_is_one_page_to_a_search_engine(client: Any) -> None:
    assert "/submissions" not in client.get("/robots.txt").text
    for path in ("/submissions", "/submissions/1", "/settings"):
        door = client.get(path, follow_redirects=True)
        assert "Log in" in headings(door)[0]
        (canonical,) = re.findall(r'<link rel="canonical" href="([^"]+)"', door.text)
        assert canonical == "/login"


@pytest.mark.parametrize("path", ["/", "/api/docs", "/users/1"])
def test_pages_have_one_heading_and_a_main(user: Any, signed_in: Any, path: str) -> None:
    answer = signed_in(user).get(path)
    assert answer.status_code == 200
    assert len(headings(answer)) == 1
    assert answer.text.count("<main") == 1
    assert not re.search(r"\sstyle=", answer.text)
