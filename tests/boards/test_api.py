from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from mlarena.boards import index
from mlarena.boards import service as boards
from mlarena.core.clock import utcnow
from mlarena.core.db import db

AT = datetime(2026, 3, 1, 9, 30, tzinfo=UTC)
URL = "/api/v1/leaderboard"


@pytest.fixture
def crowd(people: Any, enter: Callable[..., Any], open_board: Any) -> list[Any]:
    """p1 … p5 with 0.9 … 0.5 on quest 1, each a day later."""
    open_board("quest")
    found: list[Any] = people(5)
    for number, person in enumerate(found):
        enter("quest:1", person.id, 0.9 - number / 10, at=AT + timedelta(days=number))
    return found


def test_a_page_of_a_quests_board(client: Any, crowd: list[Any]) -> None:
    answer = client.get(f"{URL}?quest=1&page=2&per_page=2")
    assert answer.status_code == 200
    assert answer.json["status"] == "success"
    first = answer.json["data"][0]
    assert first == {
        "rank": 3,
        "user_id": crowd[2].id,
        "username": "p3",
        "score": pytest.approx(0.7),
        "submitted_at": "2026-03-03T09:30:00Z",
        "house": False,
    }
    assert answer.json["meta"] == {"page": 2, "per_page": 2, "total": 5, "pages": 3, "me": None}


def test_beyond_the_end_there_is_nothing_but_the_meta_is_right(
    client: Any, crowd: list[Any]
) -> None:
    answer = client.get(f"{URL}?quest=1&page=900000&per_page=100")
    assert answer.json["data"] == []
    assert answer.json["meta"] == {
        "page": 900000,
        "per_page": 100,
        "total": 5,
        "pages": 1,
        "me": None,
    }


def test_my_own_row_wherever_i_look(
    client: Any, crowd: list[Any], user: Any, bearer: Any, enter: Any
) -> None:
    enter("quest:1", user.id, 0.1)
    answer = client.get(f"{URL}?quest=1&per_page=1", headers=bearer(user))
    assert [row["username"] for row in answer.json["data"]] == ["p1"]
    assert (answer.json["meta"]["me"]["rank"], answer.json["meta"]["me"]["score"]) == (6, 0.1)


def test_me_is_null_for_who_does_not_stand_there(
    client: Any, crowd: list[Any], user: Any, bearer: Any
) -> None:
    assert client.get(f"{URL}?quest=1", headers=bearer(user)).json["meta"]["me"] is None


def test_one_users_row(client: Any, crowd: list[Any]) -> None:
    answer = client.get(f"{URL}?quest=1&user={crowd[3].id}")
    assert [(row["rank"], row["username"]) for row in answer.json["data"]] == [(4, "p4")]
    assert answer.json["meta"]["total"] == 1
    assert client.get(f"{URL}?quest=1&user=999999").json["data"] == []
    assert client.get(f"{URL}?quest=1&user={crowd[3].id}&page=2").json["data"] == []


def test_global_and_weekly_xp(client: Any, people: Any) -> None:
    ada, bob = people(2)
    boards.add("global", ada.id, 100, AT)
    boards.add("global", bob.id, 300, AT)
    boards.add("weekly", ada.id, 100, utcnow())
    db.session.commit()
    assert [row["score"] for row in client.get(URL).json["data"]] == [300, 100]
    assert [row["username"] for row in client.get(f"{URL}?period=week").json["data"]] == ["p1"]
    assert len(client.get(f"{URL}?period=all").json["data"]) == 2


def test_the_house_has_neither_rank_nor_user(client: Any, crowd: list[Any]) -> None:
    boards.place_house("quest:1", "boosted trees", 0.85, "higher", AT)
    db.session.commit()
    index.catch_up(utcnow())
    rows = client.get(f"{URL}?quest=1&per_page=3").json["data"]
    assert [(row["rank"], row["user_id"], row["house"]) for row in rows] == [
        (1, crowd[0].id, False),
        (None, None, True),
        (2, crowd[1].id, False),
    ]
    assert rows[1]["username"] == "boosted trees"


@pytest.mark.parametrize("query", ["quest=100", "quest=2147483647", "competition=1", "cohort=1"])
def test_a_board_that_may_not_be_seen_is_not_there(
    client: Any, crowd: list[Any], query: str
) -> None:
    answer = client.get(f"{URL}?{query}")
    assert answer.status_code == 404
    assert answer.json["status"] == "error"


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("quest=0", "quest"),
        ("quest=-1", "quest"),
        ("quest=2147483648", "quest"),
        ("quest=one", "quest"),
        ("user=99999999999999999999", "user"),
        ("page=0", "page"),
        ("page=10000001", "page"),
        ("per_page=101", "per_page"),
        ("period=month", "period"),
        ("colour=red", "colour"),
        ("quest=1&challenge=1", "_schema"),
        ("quest=1&period=week", "_schema"),
        ("quest=1&level=1", "_schema"),
        ("period=week&level=1", "_schema"),
        ("at=2026-03-01T00:00:00Z", "_schema"),
        ("quest=1&at=yesterday", "at"),
        ("quest=1&at=2026-03-01T00:00:00", "at"),
        ("quest=1&around=0", "around"),
        ("quest=1&around=26", "around"),
        ("quest=1&around=3&at=2026-03-01T00:00:00Z", "_schema"),
        ("level=1&user=1", "_schema"),
        ("around=3", "user"),
    ],
)
def test_bad_questions_are_told_what_is_wrong(client: Any, query: str, field: str) -> None:
    answer = client.get(f"{URL}?{query}")
    assert answer.status_code == 422
    assert field in answer.json["errors"]


def test_the_number_of_queries_does_not_depend_on_the_number_of_rows(
    client: Any, people: Any, enter: Any, statements: Any, open_board: Any
) -> None:
    open_board("quest")

    def asked(size: int) -> int:
        boards._shown_rows.cache_clear()
        with statements() as seen:
            assert len(client.get(f"{URL}?quest=1&per_page=100").json["data"]) == size
        return len(seen)

    crowd = people(40)
    enter("quest:1", crowd[0].id, 1.0)
    from_database = asked(1)
    index.catch_up(utcnow())
    from_index = asked(1)
    for person in crowd[1:]:
        enter("quest:1", person.id, 0.5)
    assert asked(40) == from_index == 1
    index.mirror.redis_client().flushdb()
    assert asked(40) == from_database


def test_names_of_any_script_come_back_whole(client: Any, people: Any) -> None:
    (someone,) = people(1)
    someone.username = "ليلى🏹"
    boards.add("global", someone.id, 1, AT)
    db.session.commit()
    assert client.get(URL).json["data"][0]["username"] == "ليلى🏹"


def test_the_rows_around_somebody_and_around_oneself(
    client: Any, crowd: list[Any], user: Any, bearer: Any, enter: Any
) -> None:
    answer = client.get(f"{URL}?quest=1&user={crowd[3].id}&around=1")
    assert [row["username"] for row in answer.json["data"]] == ["p3", "p4", "p5"]
    assert answer.json["meta"] == {"page": 1, "per_page": 3, "total": 3, "pages": 1, "me": None}
    headers = bearer(user)
    assert client.get(f"{URL}?quest=1&around=3", headers=headers).json["data"] == []
    enter("quest:1", user.id, 0.1)
    answer = client.get(f"{URL}?quest=1&around=2", headers=headers)
    assert [row["rank"] for row in answer.json["data"]] == [4, 5, 6]
    assert answer.json["meta"]["me"]["rank"] == 6


def test_a_level_of_all_time_xp(client: Any, people: Any, make_quest: Any) -> None:
    first, second = (make_quest(slug=f"q{xp}", level_xp=xp).level_id for xp in (0, 200))
    for person, xp in zip(people(3), (300, 200, 199), strict=True):
        boards.add("global", person.id, xp, AT)
    db.session.commit()
    answer = client.get(f"{URL}?level={second}&per_page=1")
    assert [(row["rank"], row["username"]) for row in answer.json["data"]] == [(1, "p1")]
    assert answer.json["meta"]["total"] == 2
    answer = client.get(f"{URL}?level={first}")
    assert [(row["rank"], row["username"]) for row in answer.json["data"]] == [(3, "p3")]
    assert client.get(f"{URL}?level=99").status_code == 404


def test_a_board_as_it_stood_and_when_it_was_another(client: Any, crowd: list[Any]) -> None:
    stops = client.get(f"{URL}/stops?quest=1").json
    assert stops["meta"]["total"] == len(stops["data"]) == 5
    answer = client.get(f"{URL}?quest=1&at={stops['data'][1]}")
    assert [(row["rank"], row["username"]) for row in answer.json["data"]] == [
        (1, "p1"),
        (2, "p2"),
    ]
    assert client.get(f"{URL}?quest=1&at=2019-01-01T00:00:00Z").json["data"] == []
    assert client.get(f"{URL}/stops?period=week").json["data"] == []
    assert client.get(f"{URL}/stops?quest=100").status_code == 404


def test_how_a_quests_scores_are_spread(
    client: Any, user: Any, bearer: Any, quest: Any, enter: Any, people: Any
) -> None:
    board = f"quest={quest.id}"
    assert client.get(f"{URL}/spread?{board}").json["data"] is None
    for person, score in zip(people(3), (0.95, 0.8, 0.85), strict=True):
        enter(quest.board(), person.id, score)
    enter(quest.board(), user.id, 0.81)
    found = client.get(f"{URL}/spread?{board}", headers=bearer(user)).json["data"]
    assert (found["people"], found["beyond"], found["me"]) == (4, 0, 0.81)
    assert (found["threshold"], found["direction"]) == (0.9, "higher")
    assert sum(bar["count"] for bar in found["bars"]) == 4
    assert client.get(f"{URL}/spread").json["data"] is None
