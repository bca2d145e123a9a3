"""Changes of a board: the first at once, at most four a second, the last state always."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from typing import Any

from mlarena.accounts import service as accounts
from mlarena.boards import service as boards
from mlarena.core.config import Settings
from mlarena.live import flusher
from mlarena.live.publish import board_changed

# A worker whose flusher is killed when it has taken the board's slot and is about to read the board.
KILLED = """
import os, signal, threading
from mlarena.app import create_app
from mlarena.live import flusher
flusher.leaderboard = lambda board: os.kill(os.getpid(), signal.SIGKILL)
flusher.start(create_app())
threading.Event().wait(30)
"""


def test_many_changes_become_few_updates_and_the_last_is_the_truth(
    app: Any, visit: Any, make_user: Any, sending: Any, scores: Any
) -> None:
    second = flusher.start(app)  # as if another worker were there too
    ada, grace = make_user("ada"), make_user("grace")
    watcher = visit()
    watcher.join("global")

    began = time.monotonic()
    scores(ada, 1)
    watcher.hears("leaderboard")
    changes = 1
    while time.monotonic() - began < 1.5:
        scores(ada if changes % 2 else grace, 1)
        changes += 1
        time.sleep(0.02)
    took = time.monotonic() - began
    time.sleep(0.6)
    second.stop()

    updates = watcher.heard("leaderboard")
    assert changes > 20
    assert 3 <= len(updates) <= took * 4 + 1
    truth = [row.shown() for row in boards.page("global", 1, 20).rows]
    assert updates[-1]["rows"] == truth
    assert sum(row["score"] for row in truth) == changes
    assert [u["changed_at"] for u in updates] == sorted(u["changed_at"] for u in updates)


def test_boards_do_not_wait_for_each_other(visit: Any, user: Any, sending: Any) -> None:
    watcher = visit()
    for board in ("global", "weekly"):
        watcher.join(board)
        board_changed(board)
    heard = {watcher.hears("leaderboard")["board"] for _ in range(2)}
    assert heard == {"global", "weekly"}


def test_the_stored_name_of_the_weekly_board_reaches_its_watchers(visit: Any, sending: Any) -> None:
    watcher = visit()
    watcher.join("weekly")
    board_changed("weekly:2026-W47")
    assert watcher.hears("leaderboard")["board"] == "weekly"


def test_a_killed_flusher_leaves_its_board_to_another(
    app: Any, visit: Any, user: Any, scores: Any, settings: Settings
) -> None:
    watcher = visit()
    watcher.join("global")
    environment = os.environ | {
        "MLARENA_ENV": "testing",
        "MLARENA_DATA": str(settings.mlarena_data),
        "SECRET_KEY": settings.secret_key,
        "DATABASE_URL": settings.database_url,
        "REDIS_URL": settings.redis_url,
    }
    scores(user, 100)
    killed = subprocess.run([sys.executable, "-c", KILLED], env=environment, timeout=60)
    assert killed.returncode == -9
    assert watcher.heard("leaderboard") == []

    another = flusher.start(app)
    [row] = watcher.hears("leaderboard")["rows"]
    another.stop()
    assert (row["user_id"], row["score"]) == (user.id, 100)


def test_a_change_while_the_board_is_read_gets_its_own_update(
    visit: Any, user: Any, sending: Any, scores: Any, monkeypatch: Any
) -> None:
    watcher = visit()
    watcher.join("global")
    read = flusher.leaderboard

    def slowly(board: str) -> dict[str, Any]:
        seen = read(board)
        monkeypatch.setattr(flusher, "leaderboard", read)
        scores(user, 50)
        return seen

    monkeypatch.setattr(flusher, "leaderboard", slowly)
    scores(user, 100)
    assert watcher.hears("leaderboard")["rows"][0]["score"] == 100
    assert watcher.hears("leaderboard")["rows"][0]["score"] == 150


def test_who_hides_or_leaves_goes_from_open_boards_at_once(
    visit: Any, make_user: Any, sending: Any, scores: Any
) -> None:
    ada, grace = make_user("ada"), make_user("grace")
    for one in (ada, grace):
        scores(one, 100)
    watcher = visit()
    watcher.join("global")

    def shown_after(act: Any) -> list[tuple[int, str]]:
        time.sleep(0.6)  # what was sent before is not what we wait for
        watcher.heard("leaderboard")
        act()
        rows = watcher.hears("leaderboard")["rows"]
        return [(row["rank"], row["username"]) for row in rows]

    hide = accounts.update_profile
    assert shown_after(lambda: hide(ada, listed=False)) == [(1, "grace")]
    assert shown_after(lambda: hide(ada, listed=True)) == [(1, "ada"), (2, "grace")]
    leave = accounts.delete_account
    assert shown_after(lambda: leave(ada, "correct horse battery")) == [(1, "grace")]
