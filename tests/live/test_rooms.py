"""Who hears what: one's own room by itself, boards by joining, nothing of other people's."""

from __future__ import annotations

import json
import time
from datetime import timedelta
from typing import Any

import pytest
import requests
import sqlalchemy as sa

from mlarena.accounts import logins, service, tokens
from mlarena.accounts.models import LoginSession
from mlarena.core.clock import utcnow
from mlarena.core.db import db
from mlarena.live import sockets
from mlarena.live.publish import publish, user_room
from tests.live.watcher import Refused


def test_a_verdict_reaches_its_own_user_in_every_window_and_nobody_else(
    visit: Any, make_user: Any, bearer: Any, signed_in: Any
) -> None:
    ada, grace = make_user("ada"), make_user("grace")
    script = visit(token=bearer(ada)["Authorization"].removeprefix("Bearer "))
    browser = visit(cookie=f"session={signed_in(ada).get_cookie('session').value}")
    other = visit(token=bearer(grace)["Authorization"].removeprefix("Bearer "))
    nobody = visit()

    publish("verdict", {"id": 7, "status": "scored"}, user_room(ada.id))

    assert script.hears("verdict") == {"id": 7, "status": "scored"}
    assert browser.hears("verdict") == {"id": 7, "status": "scored"}
    publish("verdict", {"id": 8}, user_room(grace.id))
    assert other.hears("verdict") == {"id": 8}  # and so it would have heard of 7 by now
    assert nobody.heard("verdict") == []


def test_watchers_of_a_board_hear_of_its_change_and_others_do_not(
    visit: Any, user: Any, sending: Any, scores: Any
) -> None:
    watcher, elsewhere, gone = visit(), visit(), visit()
    assert watcher.join("global")["rows"] == []
    elsewhere.join("weekly")
    gone.join("global")
    gone.client.call("leave", {"board": "global"}, timeout=5)

    scores(user, 100)

    update = watcher.hears("leaderboard")
    assert update["board"] == "global"
    assert update["changed_at"].endswith("Z")
    assert [(row["rank"], row["user_id"], row["score"]) for row in update["rows"]] == [
        (1, user.id, 100)
    ]
    assert elsewhere.heard("leaderboard") == []
    assert gone.heard("leaderboard") == []


def test_who_joins_gets_the_board_as_it_is_now(visit: Any, user: Any, scores: Any) -> None:
    scores(user, 100)
    [row] = visit().join("global")["rows"]
    assert row["username"] == "ada"


def test_a_quests_board_is_there_for_those_who_may_see_the_quest(
    visit: Any, quest: Any, make_quest: Any
) -> None:
    draft = make_quest("wine", status="draft")
    nobody = visit()
    assert nobody.join(f"quest:{quest.id}")["board"] == f"quest:{quest.id}"
    assert "error" in nobody.join(f"quest:{draft.id}")
    assert nobody.hears("error")["message"] == "There is no board by that name."


BAD_JOINS = [
    None,
    5,
    [],
    "",
    "nowhere",
    "quest:99999999",
    "quest:99999999999999999999",
    "quest:-1",
    "quest:1\x00",
    "global\n",
    "g" * 5000,
    "\ud800",
    "🦆",
    {"board": "global"},
]


def test_a_bad_join_is_an_error_and_the_next_good_one_works(visit: Any) -> None:
    watcher = visit()
    for board in BAD_JOINS:
        answer = watcher.join(board)
        assert set(answer) == {"error"}, board
        assert set(watcher.hears("error")) == {"message"}, board
    for said in ("global", None, [], [["global"]], {"boards": "global"}, 7):
        watcher.client.emit("join", said)
        message = watcher.hears("error")["message"]
        assert "board" in message, said
    watcher.client.emit("join")
    watcher.hears("error")
    watcher.client.emit("join", ({"board": "global"}, {"board": "weekly"}))
    watcher.hears("error")
    watcher.client.emit("join", b"global")
    for _ in ("the packet", "its attachment"):
        assert "could not be read" in watcher.hears("error")["message"]
    watcher.client.emit("explode", {"board": "global"})
    assert "`join`" in watcher.hears("error")["message"]
    assert watcher.join("global")["board"] == "global"


def test_one_client_watches_twenty_boards_at_most(visit: Any, quest: Any, make_quest: Any) -> None:
    watcher = visit()
    boards = [f"quest:{make_quest(slug=f'iris-{n}').id}" for n in range(sockets.MOST_BOARDS)]
    for board in boards:
        assert "error" not in watcher.join(board)
    assert "20 boards" in watcher.join("global")["error"]
    assert "error" not in watcher.join(boards[0])  # it is there already
    watcher.client.call("leave", {"board": boards[0]}, timeout=5)
    assert "error" not in watcher.join("global")


def test_personal_tokens_work_too(visit: Any, user: Any) -> None:
    _, text = tokens.issue(user, "script")
    watcher = visit(token=text)
    publish("verdict", {"id": 1}, user_room(user.id))
    assert watcher.hears("verdict") == {"id": 1}


def test_a_page_of_another_origin_is_not_let_in(visit: Any, live_url: str) -> None:
    assert visit(origin=live_url).join("global")["board"] == "global"
    for origin in ("https://evil.example", live_url.replace("http:", "https:"), "null"):
        with pytest.raises(Refused):
            visit(origin=origin)


def test_long_polling_is_not_served(live_url: str) -> None:
    answer = requests.get(f"{live_url}/socket.io/?EIO=4&transport=polling", timeout=5)
    assert answer.status_code == 400
    assert json.loads(answer.text) == "Invalid transport"


def test_a_deleted_user_and_a_changed_password_end_the_sockets(
    visit: Any, make_user: Any, bearer: Any
) -> None:
    ada, grace = make_user("ada"), make_user("grace")
    tokens_of = {
        name: bearer(one)["Authorization"].removeprefix("Bearer ")
        for name, one in (("ada", ada), ("grace", grace))
    }
    first, second = visit(token=tokens_of["ada"]), visit(token=tokens_of["grace"])
    service.change_password(ada, "correct horse battery", "another horse battery")
    first.hears("disconnect")
    service.delete_account(grace, "correct horse battery")
    second.hears("disconnect")
    with pytest.raises(Refused):
        visit(token=tokens_of["ada"])


def test_an_ended_login_ends_its_sockets_and_the_users_others_come_back(
    visit: Any, user: Any, signed_in: Any
) -> None:
    browser, other = signed_in(user), signed_in(user)
    with browser.session_transaction() as session:
        login = session["login"]
    cookie, others = (f"session={one.get_cookie('session').value}" for one in (browser, other))
    here, there, nobody = visit(cookie=cookie), visit(cookie=others), visit()

    logins.end_login(login)
    here.hears("disconnect")
    there.hears("disconnect")
    here, there = visit(cookie=cookie), visit(cookie=others)

    publish("verdict", {"id": 1}, user_room(user.id))
    assert there.hears("verdict") == {"id": 1}
    assert here.heard("verdict") == []
    assert nobody.heard("disconnect") == []


def test_a_login_that_is_over_is_shown_out_at_the_next_look(
    app: Any, visit: Any, user: Any, signed_in: Any
) -> None:
    other = visit(cookie=f"session={signed_in(user).get_cookie('session').value}")
    db.session.execute(sa.update(LoginSession).values(expires_at=utcnow() + timedelta(seconds=1)))
    db.session.commit()
    here = visit(cookie=f"session={signed_in(user).get_cookie('session').value}")
    time.sleep(1)

    app.extensions["sockets"].recheck()

    other.hears("disconnect")
    publish("verdict", {"id": 1}, user_room(user.id))
    assert here.hears("verdict") == {"id": 1}


def test_what_is_no_json_is_dropped_and_the_next_one_arrives(visit: Any, user: Any) -> None:
    _, text = tokens.issue(user, "script")
    watcher = visit(token=text)
    room = user_room(user.id)
    publish("verdict", {"score": float("nan")}, room)
    publish("verdict", {"at": utcnow()}, room)
    publish("verdict", {"id": 2}, room)
    assert watcher.hears("verdict") == {"id": 2}


def test_connected_counts_open_sockets(app: Any, visit: Any) -> None:
    before = sockets.connected(app)
    watcher = visit()
    watcher.join("global")
    assert sockets.connected(app) == before + 1
