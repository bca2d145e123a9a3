"""Who does not want to be on boards is on none, in no list and in nobody's league; and comes back whole."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mlarena.accounts import service as accounts
from mlarena.boards import index, mirror
from mlarena.boards import service as boards
from mlarena.core.clock import utcnow
from mlarena.core.db import db

AT = datetime(2026, 3, 1, tzinfo=UTC)
API = "/api/v1/leaderboard"
numbers = count(1)


@pytest.fixture
def crowd(make_user: Callable[..., Any], quest: Any) -> dict[str, Any]:
    """anna, shy and zoe, in this order on every board."""
    people = {name: make_user(name) for name in ("anna", "shy", "zoe")}
    changes = []
    for place, person in enumerate(people.values()):
        changes += [
            boards.add("global", person.id, 300 - 100 * place, AT),
            boards.add("weekly", person.id, 300 - 100 * place, utcnow()),
            boards.record(quest.board(), person.id, 0.9 - place / 10, "higher", AT),
        ]
    db.session.commit()
    index.apply([change for change in changes if change])
    index.catch_up(utcnow())
    return people


@pytest.fixture
def everywhere(app: Any, crowd: dict[str, Any], quest: Any, signed_in: Any) -> Callable[[], Any]:
    """everywhere() -> address: what it says, of every place that names people, as zoe sees them."""

    def look() -> dict[str, str]:
        zoe = signed_in(crowd["zoe"])
        now = utcnow().isoformat().replace("+", "%2B")
        addresses = (
            "/",
            "/boards",
            "/boards/weekly",
            f"/boards/quest/{quest.id}",
            f"/boards/quest/{quest.id}?at={now}",
            f"/quests/{quest.id}",
            "/search?q=shy",
            API,
            f"{API}?period=week",
            f"{API}?quest={quest.id}",
            f"{API}?quest={quest.id}&at={now}",
            f"{API}?around=3",
            f"{API}?level={quest.level_id}",
            "/api/v1/users",
            "/api/v1/search?q=shy",
        )
        found = {}
        for address in addresses:
            answer = zoe.get(address)
            assert answer.status_code == 200, address
            found[address] = answer.text.replace("q=shy", "").replace('value="shy"', "")
        return found

    return look


def test_hidden_everywhere_and_back_again(
    client: Any,
    crowd: dict[str, Any],
    everywhere: Callable[[], dict[str, str]],
    quest: Any,
    signed_in: Any,
    send_form: Any,
) -> None:
    shy = crowd["shy"]
    before = everywhere()
    assert [address for address, text in before.items() if "shy" not in text] == []

    browser = signed_in(shy)
    send_form(browser, "/settings/profile", "/settings", timezone="UTC", streak_shown="y")
    # A search for a name says the name that was searched for.
    seen = {a: t for a, t in everywhere().items() if "/search" not in a or "/users/" in t}
    assert [address for address, text in seen.items() if f"/users/{shy.id}" in text] == []
    assert [a for a, text in seen.items() if "shy" in text and "/search" not in a] == []

    assert client.get(f"{API}?user={shy.id}").json["data"] == []
    assert client.get(f"{API}?user={shy.id}&around=3").json["data"] == []
    assert client.get(f"{API}/spread?quest={quest.id}").json["data"]["people"] == 2
    assert [row["rank"] for row in client.get(API).json["data"]] == [1, 2]  # ranks have closed up
    for address in ("/", "/boards"):
        assert "You stand on no board" in browser.get(address).text
    own = browser.get(API).json
    assert own["meta"]["me"] is None

    mirror.redis_client().flushdb()
    index.catch_up(utcnow())
    assert [row["username"] for row in client.get(API).json["data"]] == ["anna", "zoe"]

    send_form(
        browser, "/settings/profile", "/settings", timezone="UTC", listed="y", streak_shown="y"
    )
    after = everywhere()
    assert [address for address, text in after.items() if "shy" not in text] == []
    assert [row["username"] for row in client.get(API).json["data"]] == ["anna", "shy", "zoe"]


# (what, who, score): somebody enters a score, hides, comes back; or Redis is wiped
steps = st.lists(
    st.tuples(
        st.sampled_from(["enter", "enter", "enter", "hide", "show", "wipe", "sweep"]),
        st.integers(0, 4),
        st.integers(-3, 3),
    ),
    max_size=20,
)


@settings(max_examples=25)
@given(steps)
def test_whatever_the_order_the_rest_stand_as_if_the_hidden_were_not_there(
    people: Any, wanted: list[tuple[str, int, int]]
) -> None:
    from mlarena.accounts.models import User

    db.session.execute(db.delete(User))
    mirror.redis_client().flushdb()
    crowd, board = people(5), f"quest:{next(numbers)}"
    best: dict[int, tuple[int, int]] = {}
    hidden: set[int] = set()
    for minute, (what, who, score) in enumerate(wanted):
        person = crowd[who]
        if what == "enter":
            at = AT + timedelta(minutes=minute)
            change = boards.record(board, person.id, score, "higher", at)
            db.session.commit()
            index.apply([change] if change else [])
            best[who] = min(best.get(who, (-score, minute)), (-score, minute))
        elif what in ("hide", "show"):
            accounts.update_profile(person, listed=what == "show")
            (hidden.add if what == "hide" else hidden.discard)(who)
        elif what == "wipe":
            mirror.redis_client().flushdb()
        else:
            index.catch_up(utcnow())
    order = sorted((row, who) for who, row in best.items() if who not in hidden)
    expected = [(place, crowd[who].id) for place, (_, who) in enumerate(order, 1)]

    def told() -> list[tuple[int | None, int | None]]:
        return [(row.rank, row.user_id) for row in boards.page(board, 1, 10).rows]

    def agreed() -> bool:
        ranks = {user_id: rank for rank, user_id in expected}
        return told() == expected and all(
            boards.rank(board, person.id) == ranks.get(person.id) for person in crowd
        )

    assert agreed()
    index.catch_up(utcnow())
    assert agreed()
    mirror.redis_client().flushdb()
    assert agreed()
    assert {row.user_id for row in boards.replayed(board, utcnow() + timedelta(days=1)).rows} == {
        user_id for _, user_id in expected
    }
