"""Names of every script and length, in every place where one shows."""

from __future__ import annotations

import re
from typing import Any

import pytest

from mlarena.boards import index
from mlarena.boards import service as boards
from mlarena.core.clock import utcnow
from mlarena.core.db import db
from mlarena.submissions import intake

NAMES = {
    "of one character": ("李", "I"),
    "of sixty-four": (
        "a-name-of-sixty-four-characters-which-is-as-long-as-names-can-be",
        "W" * 128,
    ),
    "from right to left": ("محمد-الخوارزمي", "עדה לאבלייס"),
    "with emoji": ("ada", "👩‍🔬 Ada 🧮"),
    "like markup": ("ada", "<b onclick=x>&amp;"),
}


@pytest.mark.parametrize(("username", "full_name"), NAMES.values(), ids=NAMES)
def test_a_name_stands_alone_and_is_text_wherever_it_shows(
    make_user: Any, signed_in: Any, quest: Any, username: str, full_name: str
) -> None:
    someone, reader = make_user("someone"), make_user("reader")
    teacher = make_user("teacher", role="instructor")
    attempt = intake.accept(someone, quest, {"format": "joblib", "filename": "model.joblib"})
    someone.username, someone.full_name = username, full_name
    now = utcnow()
    changes = [
        boards.add("global", someone.id, 200, now),
        boards.add("global", reader.id, 100, now),
        boards.add("weekly", someone.id, 200, now),
        boards.record(quest.board(), someone.id, 0.95, "higher", now),
        boards.record(quest.board(), reader.id, 0.9, "higher", now),
    ]
    db.session.commit()
    index.apply([change for change in changes if change])
    browser, own = signed_in(reader), signed_in(someone)
    at = utcnow().isoformat().replace("+", "%2B")
    places = [
        ("/", browser),
        ("/boards", browser),
        ("/boards/weekly", browser),
        (f"/boards/quest/{quest.id}", browser),
        (f"/boards/quest/{quest.id}?at={at}", browser),
        (f"/quests/{quest.id}", browser),
        (f"/users/{someone.id}", browser),
        (f"/users/{someone.id}/badges", browser),
        ("/search?q=someone", browser),
        (f"/submissions/{attempt.id}", signed_in(teacher)),
        ("/", own),
        ("/settings", own),
    ]
    for path, reading in places:
        answer = reading.get(path)
        assert answer.status_code == 200, path
        # Of its own direction: it turns nothing around it.
        assert f"<bdi>{username}</bdi>" in answer.text, path
        assert "<b onclick" not in answer.text, path
    shown = browser.get(f"/users/{someone.id}").text
    assert len(re.findall(r"<bdi>[^<]*</bdi>", shown)) >= 2  # the full name too
