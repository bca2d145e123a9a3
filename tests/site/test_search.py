"""Finding tasks, people and pages: by the palette's door and by the page."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
import sqlalchemy as sa

from mlarena.accounts import people
from mlarena.accounts.models import User
from mlarena.accounts.names import username_key
from mlarena.core.db import db
from mlarena.core.search import rank

SEARCH = "/api/v1/search"


@pytest.fixture
def ask(app: Any) -> Callable[..., dict[str, list[str]]]:
    """ask("reg", browser) -> {group: [titles]}"""

    def find(question: str, browser: Any = None) -> dict[str, list[str]]:
        answer = (browser or app.test_client()).get(SEARCH, query_string={"q": question})
        assert answer.status_code == 200, answer.text
        return {
            group: [hit["title"] for hit in hits] for group, hits in answer.json["data"].items()
        }

    return find


@pytest.mark.pure
def test_a_title_that_begins_so_comes_before_one_that_holds_it() -> None:
    titles = ("Advanced Regression", "Regression", "Aggression", "Clustering")
    places = {title: rank("REGRESS", title) for title in titles}
    assert places == {
        "Regression": 0,
        "Advanced Regression": 1,
        "Aggression": None,
        "Clustering": None,
    }
    assert rank("gress", "Aggression") == 2
    assert rank("line chall", "Linear Regression Challenge") == 1
    assert rank("chall line", "Linear Regression Challenge") == 1
    assert rank("cafe", "Café wine") == 0
    assert rank("iris", "Three flowers", "quest iris") == 3
    assert rank("line wine", "Linear Regression") is None


def test_quests_are_found_best_first_and_lead_to_their_page(
    ask: Any, client: Any, make_quest: Any
) -> None:
    make_quest("iris", slug="a", title="Flowers, advanced")
    best = make_quest("wine", slug="b", title="Advanced wine")
    make_quest("iris", slug="c", title="Sorting")
    assert ask("advanced")["tasks"] == ["Advanced wine", "Flowers, advanced"]
    hit = client.get(SEARCH, query_string={"q": "adv wine"}).json["data"]["tasks"][0]
    assert hit["url"] == f"/quests/{best.id}"
    assert "100 XP" in hit["detail"]


@pytest.mark.parametrize("status", ["draft", "archived"])
def test_what_is_not_published_is_not_found(ask: Any, make_quest: Any, status: str) -> None:
    quest = make_quest("iris", title="Secret flowers")
    assert ask("secret")["tasks"] == ["Secret flowers"]
    quest.status = status
    db.session.commit()
    assert ask("secret")["tasks"] == []


def test_people_are_found_by_the_beginning_of_their_name(ask: Any, make_user: Any) -> None:
    for number, name in enumerate(("Ada", "adam", "bada", "Émile", "張偉")):
        user = make_user(f"user{number}")
        user.username, user.username_key = name, username_key(name)
    db.session.commit()
    assert ask("AD")["people"] == ["Ada", "adam"]
    assert ask("é")["people"] == ["Émile"]
    assert ask("張")["people"] == ["張偉"]
    assert ask("%")["people"] == []
    assert ask("_")["people"] == []


def test_who_does_not_stand_on_boards_is_not_found_but_by_themselves_and_instructors(
    ask: Any, make_user: Any, signed_in: Any
) -> None:
    hidden = make_user("hidden", listed=False)
    assert ask("hid")["people"] == []
    assert ask("hid", signed_in(make_user("other")))["people"] == []
    assert ask("hid", signed_in(hidden))["people"] == ["hidden"]
    assert ask("hid", signed_in(make_user("teacher", role="instructor")))["people"] == ["hidden"]


def test_pages_are_those_the_reader_may_open(ask: Any, user: Any, signed_in: Any) -> None:
    assert ask("password")["pages"] == []
    assert ask("password", signed_in(user))["pages"] == ["Settings"]
    assert "Log in" in ask("")["pages"]
    mine = ask("", signed_in(user))["pages"]
    assert "Log in" not in mine
    assert {"Quests", "Boards", "Your profile", "Settings"} <= set(mine)


def test_every_page_it_knows_is_there(user: Any, signed_in: Any) -> None:
    browser = signed_in(user)
    for hit in browser.get(SEARCH).json["data"]["pages"]:
        assert browser.get(hit["url"]).status_code == 200, hit


def test_it_takes_as_many_queries_for_many_as_for_few(
    client: Any, make_user: Any, make_quest: Any, queries: list[str]
) -> None:
    make_quest("iris", slug="q0", title="Player's quest")
    make_user("player")
    client.get(SEARCH, query_string={"q": "play"})
    queries.clear()
    client.get(SEARCH, query_string={"q": "play"})
    few = len(queries)
    for number in range(12):
        make_user(f"player{number}")
        make_quest("iris", slug=f"more-{number}", title=f"Player's quest {number}")
    client.get(SEARCH, query_string={"q": "play"})  # the kept quests are read anew once
    queries.clear()
    found = client.get(SEARCH, query_string={"q": "play"}).json["data"]
    assert len(queries) == few <= 7
    assert len(found["tasks"]) == 8
    assert len(found["people"]) == 6


def test_names_are_found_by_the_index(app: Any, make_user: Any) -> None:
    make_user("ada")
    key = "ad"
    found = (
        people.visible_to(None)
        .where(User.username_key >= key, User.username_key < key + people.LAST_CHARACTER)
        .order_by(User.username_key)
        .limit(6)
    )
    if db.engine.dialect.name == "postgresql":
        db.session.execute(sa.text("SET LOCAL enable_seqscan = off"))
        explain = "EXPLAIN "
    else:
        explain = "EXPLAIN QUERY PLAN "
    text = found.compile(db.engine, compile_kwargs={"literal_binds": True})
    plan = " ".join(str(row) for row in db.session.execute(sa.text(explain + str(text))))
    assert re.search(r"uq_users_username_key|sqlite_autoindex_users", plan), plan
    assert "SORT" not in plan.upper() and "TEMP B-TREE" not in plan, plan


@pytest.mark.parametrize(
    "question", ["", " ", "x" * 100, "'; DROP TABLE users --", "\U0001f469", "%00"]
)
def test_odd_questions_find_little_and_break_nothing(client: Any, question: str) -> None:
    assert client.get(SEARCH, query_string={"q": question}).status_code == 200
    page = client.get("/search", query_string={"q": question})
    assert page.status_code == 200


def test_a_question_too_long_is_told_so(client: Any) -> None:
    answer = client.get(SEARCH, query_string={"q": "x" * 101})
    assert answer.status_code == 422
    assert "q" in str(answer.json["errors"])


def test_the_page_finds_the_same_without_scripts(client: Any, make_user: Any) -> None:
    user = make_user("ada")
    page = client.get("/search", query_string={"q": "ada"})
    assert f'href="/users/{user.id}"' in page.text
    assert "<h1>Search</h1>" in page.text
    nothing = client.get("/search", query_string={"q": "<script>zzz"})
    assert "Nothing is called that here" in nothing.text
    assert "<script>zzz" not in nothing.text


def test_every_page_leads_to_the_search(client: Any) -> None:
    for path in ("/", "/login", "/nothing-here"):
        assert re.search(
            r'<a class="find" href="/search" data-palette="/api/v1/search"', client.get(path).text
        )
