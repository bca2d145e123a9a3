from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from mlarena.boards import index, pages
from mlarena.boards import service as boards
from mlarena.core.clock import utcnow
from mlarena.core.db import db

AT = datetime(2026, 3, 1, 9, 30, tzinfo=UTC)


@pytest.fixture
def crowd(people: Any, monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """Six people with 6000, 5000, … XP, three to a page."""
    monkeypatch.setattr(pages, "PER_PAGE", 3)
    found: list[Any] = people(6)
    for number, person in enumerate(found):
        boards.add("global", person.id, 6000 - 1000 * number, AT + timedelta(minutes=number))
    db.session.commit()
    return found


def rows(html: str) -> list[str]:
    """The text of each row of the table's body, without tags."""
    body = html[html.index("<tbody>") : html.index("</tbody>")]
    found = re.findall(r"<tr.*?</tr>", body, re.DOTALL)
    return [" ".join(re.sub(r"<[^>]+>", " ", row).split()) for row in found]


def test_the_board_is_a_table_that_says_what_it_is(client: Any, crowd: list[Any]) -> None:
    html = client.get("/boards").text
    assert rows(html)[0] == "1 p1 6,000 01 Mar 2026, 09:30"
    assert len(re.findall("<h1", html)) == 1
    assert "<caption>" in html
    assert len(re.findall('<th scope="col"', html)) == 4
    assert len(re.findall('<th scope="row"', html)) == 3
    assert 'data-board="global"' in html
    assert re.findall(r'data-user-id="(\d+)"', html) == [str(person.id) for person in crowd[:3]]


def test_pages_of_the_board(client: Any, crowd: list[Any]) -> None:
    html = client.get("/boards?page=2").text
    assert [row.split()[:2] for row in rows(html)] == [["4", "p4"], ["5", "p5"], ["6", "p6"]]
    assert 'rel="prev"' in html and 'rel="next"' not in html


def test_you_are_here_on_the_page_and_below_another(
    client: Any, crowd: list[Any], user: Any, signed_in: Callable[..., Any]
) -> None:
    boards.add("global", user.id, 5500, AT)
    db.session.commit()
    browser = signed_in(user)
    first = browser.get("/boards").text
    assert "you are here" in rows(first)[1] and "<tfoot>" not in first
    second = browser.get("/boards?page=2").text
    assert not any("you are here" in row for row in rows(second))
    foot = second[second.index("<tfoot>") :]
    assert "you are here" in foot and 'class="number">2<' in foot


def test_an_empty_board_says_what_to_do(client: Any, app: Any) -> None:
    html = client.get("/boards").text
    assert "Nobody stands here yet" in html
    assert 'data-board="global"' in html


@pytest.mark.parametrize("page", ["7", "0", "-3", "many", "99999999999999999999"])
def test_page_numbers_out_of_range_are_no_error(client: Any, crowd: list[Any], page: str) -> None:
    answer = client.get(f"/boards?page={page}")
    assert answer.status_code == 200
    assert ("p1" in answer.text) or ("beyond the end" in answer.text)


def test_the_weekly_board(client: Any, crowd: list[Any]) -> None:
    boards.add("weekly", crowd[2].id, 1234, utcnow())
    db.session.commit()
    html = client.get("/boards/weekly").text
    assert [row.split()[:3] for row in rows(html)] == [["1", "p3", "1,234"]]
    assert 'data-board="weekly"' in html


def test_a_tasks_board_has_its_house_marked(client: Any, crowd: list[Any], open_board: Any) -> None:
    open_board("quest")
    boards.record("quest:7", crowd[0].id, 0.91234567, "higher", AT)
    boards.place_house("quest:7", "linear model", 0.95, "higher", AT)
    db.session.commit()
    html = client.get("/boards/quest/7").text
    assert rows(html)[0].startswith("– linear model house baseline 0.9500")
    assert rows(html)[1].startswith("1 p1 0.9123")
    assert "<h1>The quest 7</h1>" in html
    assert 'data-board="quest:7"' in html


@pytest.mark.parametrize(
    "address", ["/boards/quest/100", "/boards/dragon/1", "/boards/quest/0", "/boards/global/1"]
)
def test_what_may_not_be_seen_is_not_there(client: Any, open_board: Any, address: str) -> None:
    open_board("quest")
    assert client.get(address).status_code == 404


def test_a_name_is_text_and_nothing_else(client: Any, people: Any) -> None:
    (someone,) = people(1)
    someone.username = "<script>alert(1)</script>"
    boards.add("global", someone.id, 1, AT)
    db.session.commit()
    assert "<script>alert" not in client.get("/boards").text


def test_the_number_of_queries_is_constant(
    app: Any, people: Any, user: Any, signed_in: Callable[..., Any], statements: Any
) -> None:
    crowd = people(30)
    browser = signed_in(user)

    def asked() -> int:
        with statements() as seen:
            assert browser.get("/boards").status_code == 200
        return len(seen)

    boards.add("global", user.id, 1, AT)
    db.session.commit()
    index.catch_up(utcnow())
    small = asked()
    for person in crowd:
        boards.add("global", person.id, 10, AT)
    db.session.commit()
    index.catch_up(utcnow())
    assert asked() == small
