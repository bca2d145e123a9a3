from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from mlarena.boards import index, pages
from mlarena.boards import service as boards
from mlarena.core.clock import freeze, utcnow
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


def table(html: str, board: str, league: bool = False) -> str:
    """One board's table: the reader's league, or the board itself."""
    found = re.findall(rf'<table class="board" data-board="{board}".*?</table>', html, re.DOTALL)
    (one,) = [text for text in found if ("data-around" in text.split(">")[0]) == league]
    return str(one)


def rows(html: str, board: str = "global", league: bool = False) -> list[str]:
    """The text of each row of a board's body, without tags."""
    text = table(html, board, league)
    body = text[text.index("<tbody>") : text.index("</tbody>")]
    found = re.findall(r"<tr.*?</tr>", body, re.DOTALL)
    return [" ".join(re.sub(r"<[^>]+>", " ", row).split()) for row in found]


def test_the_board_is_a_table_that_says_what_it_is(client: Any, crowd: list[Any]) -> None:
    page = client.get("/boards").text
    assert rows(page)[0] == "1 p1 6,000 01 Mar 2026, 09:30"
    assert len(re.findall("<h1", page)) == 1
    html = table(page, "global")
    assert "<caption>" in html
    assert len(re.findall('<th scope="col"', html)) == 4
    assert len(re.findall('<th scope="row"', html)) == 3
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
    second, beyond = (browser.get(f"/boards?page={number}").text for number in (2, 9))
    assert not any("you are here" in row for row in rows(second)) and rows(beyond) == []
    for page in (second, beyond):
        foot = page[page.index("<tfoot>") :]
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
    assert [row.split()[:3] for row in rows(html, "weekly")] == [["1", "p3", "1,234"]]
    front = client.get("/boards").text
    assert [row.split()[:3] for row in rows(front, "weekly")] == [["1", "p3", "1,234"]]


def test_a_tasks_board_has_its_house_marked(client: Any, crowd: list[Any], open_board: Any) -> None:
    open_board("quest")
    boards.record("quest:7", crowd[0].id, 0.91234567, "higher", AT)
    boards.place_house("quest:7", "linear model", 0.95, "higher", AT)
    db.session.commit()
    html = client.get("/boards/quest/7").text
    shown = rows(html, "quest:7")
    assert shown[0].startswith("– linear model house baseline 0.9500")
    assert shown[1].startswith("1 p1 0.9123")
    assert "<h1>The quest 7</h1>" in html


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
    app: Any,
    people: Any,
    user: Any,
    signed_in: Callable[..., Any],
    statements: Any,
    open_board: Any,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(pages, "PER_PAGE", 5)
    monkeypatch.setattr(pages, "WEEK_ROWS", 5)
    crowd = people(60)
    browser = signed_in(user)

    def asked(address: str) -> int:
        boards._shown_rows.cache_clear()
        with statements() as seen:
            assert browser.get(address).status_code == 200
        return len(seen)

    def fill(more: list[Any]) -> None:
        for person in more:
            xp = 1 if person is user else 10 + person.id
            boards.add("global", person.id, xp, AT)
            boards.add("weekly", person.id, xp, utcnow())
            boards.record("quest:1", person.id, xp / 100, "higher", AT)
        db.session.commit()
        index.catch_up(utcnow())

    open_board("quest")
    addresses = ("/boards", "/boards?page=2", "/boards/weekly", "/boards/quest/1")
    fill([user, *crowd[:10]])
    small = [asked(address) for address in addresses]
    fill(crowd[10:])
    assert [asked(address) for address in addresses] == small
    assert max(small) <= 10


def words(html: str) -> str:
    return " ".join(re.sub(r"<[^>]+>", " ", html).split())


def test_ones_own_league_stands_first_and_fills_its_table(
    crowd: list[Any], people: Any, signed_in: Callable[..., Any]
) -> None:
    index.catch_up(utcnow())
    html = signed_in(crowd[5]).get("/boards").text  # the last of six
    league = rows(html, league=True)
    assert [row.split()[:2] for row in league] == [[str(n), f"p{n}"] for n in range(1, 7)]
    assert "you are here" in league[-1]
    assert html.index('id="league"') < html.index('id="week"') < html.index('id="board"')
    assert 'id="league"' not in signed_in(crowd[5]).get("/boards?page=2").text


def test_what_many_are_shown_is_drawn_once_and_is_never_anothers(
    client: Any, crowd: list[Any], signed_in: Callable[..., Any]
) -> None:
    index.catch_up(utcnow())
    first, last = signed_in(crowd[0]), signed_in(crowd[5])

    def marked(browser: Any) -> list[str]:
        text = table(browser.get("/boards").text, "global")
        found = re.findall(r"<tr.*?</tr>", text, re.DOTALL)
        return [words(row) for row in found if "you are here" in row]

    for _ in range(2):  # the second time there is nothing left to draw
        assert [row.split()[:2] for row in marked(first)] == [["1", "p1"]]
        assert [row.split()[:2] for row in marked(last)] == [["6", "p6"]]
        assert marked(client) == []
    boards.add("global", crowd[5].id, 8000, AT)
    db.session.commit()
    index.catch_up(utcnow())
    assert [row.split()[:3] for row in marked(last)] == [["1", "p6", "you"]]
    assert [row.split()[:3] for row in marked(first)] == [["2", "p1", "you"]]
    assert rows(client.get("/boards").text)[0].startswith("1 p6 9,000")


def test_a_level_is_a_page_of_its_own(client: Any, crowd: list[Any], make_quest: Any) -> None:
    ids = [make_quest(slug=f"q{xp}", level_xp=xp).level_id for xp in (0, 2000, 5000)]
    html = client.get(f"/boards?level={ids[1]}").text
    assert [row.split()[:2] for row in rows(html)] == [["3", "p3"], ["4", "p4"], ["5", "p5"]]
    assert "2,000 XP open “Level at 2000 XP”, 5,000 the next level." in words(html)
    assert 'data-page="0"' in table(html, "global")  # the live script reads it again instead
    assert rows(client.get(f"/boards?level={ids[0]}").text)[0].split()[:2] == ["6", "p6"]
    assert client.get("/boards?level=99").status_code == 404
    assert client.get("/boards?level=many").status_code == 200
    assert client.get("/boards?level=99999999999").status_code == 200


def test_how_scores_are_spread_with_what_passes_and_oneself(
    client: Any, crowd: list[Any], quest: Any, signed_in: Callable[..., Any]
) -> None:
    for place, person in enumerate(crowd):
        boards.record(quest.board(), person.id, 0.8 + place / 50, "higher", AT)
    db.session.commit()
    html = signed_in(crowd[2]).get(f"/boards/quest/{quest.id}").text
    drawn = re.search(r'aria-label="([^"]* of everybody[^"]*)"', html, re.IGNORECASE)
    assert drawn is not None
    assert "6 people" in drawn[1] and "To pass 0.9" in drawn[1] and "You 0.84" in drawn[1]
    assert "You 0.84" not in client.get(f"/boards/quest/{quest.id}").text


@pytest.mark.parametrize("scores", [[0.5], [0.5, 0.7], [0.5, 0.5, 0.5]])
def test_a_board_of_one_of_two_and_of_ties(
    client: Any, crowd: list[Any], quest: Any, scores: list[float]
) -> None:
    for person, score in zip(crowd, scores, strict=False):
        boards.record(quest.board(), person.id, score, "higher", AT)
    db.session.commit()
    html = client.get(f"/boards/quest/{quest.id}").text
    shown = rows(html, quest.board())
    assert [row.split()[0] for row in shown] == [str(n + 1) for n in range(len(scores))]
    assert f"{len(scores)} people from" in html
    front = client.get("/boards").text
    assert front.count("<h1") == 1


def test_the_past_of_a_board_without_scripts(client: Any, crowd: list[Any], quest: Any) -> None:
    for place in range(3):
        at = AT + timedelta(days=place)
        with freeze(at):
            boards.record(quest.board(), crowd[place].id, 0.5 + place / 10, "higher", at)
    db.session.commit()
    address = f"/boards/quest/{quest.id}"
    now = client.get(address).text
    times = re.findall(r'<option value="([^"]*)"', now)
    assert len(times) == 3 and times[-1] == ""
    assert 'name="at"' in now and "Show it" in now
    then = client.get(address, query_string={"at": times[1]}).text
    assert [row.split()[:2] for row in rows(then, quest.board())] == [["1", "p2"], ["2", "p1"]]
    assert "Its first rows as they stood on 02 Mar 2026, 09:30." in words(then)
    assert "data-at=" in table(then, quest.board())  # the present does not come into it
    long_ago = client.get(address, query_string={"at": "2020-01-01T00:00:00+00:00"})
    assert "Nobody stood here yet on 01 Jan 2020" in words(long_ago.text)
    for nonsense in ("yesterday", "2026-03-01", "2026-03-01T09:30:00", "9" * 50):
        answer = client.get(address, query_string={"at": nonsense})
        assert len(rows(answer.text, quest.board())) == 3, nonsense
