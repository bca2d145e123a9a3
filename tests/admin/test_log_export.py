"""The submissions log as a file: all of what is asked for, in batches, safe to open in a spreadsheet."""

from __future__ import annotations

import csv
import io
from typing import Any

import pytest

from mlarena.admin import log
from mlarena.core.db import db
from mlarena.submissions.models import Submission


def test_everything_that_is_asked_for_goes_out_in_batches(
    quest: Any, make_user: Any, signed_in: Any, monkeypatch: pytest.MonkeyPatch, queries: list[str]
) -> None:
    monkeypatch.setattr(log, "BATCH", 3)
    teacher, ada, bob = make_user("grace", role="instructor"), make_user("ada"), make_user("bob")
    quest.title = "=1+1"
    for user, many in ((ada, 5), (bob, 2)):
        db.session.add_all(
            Submission(
                user_id=user.id, task_id=quest.id, attempt_no=number, status="scored", score=0.5
            )
            for number in range(1, many + 1)
        )
    db.session.commit()
    desk = signed_in(teacher)
    queries.clear()
    answer = desk.get("/teach/submissions/export.csv")
    rows = list(csv.DictReader(io.StringIO(answer.get_data(as_text=True))))
    assert len([one for one in queries if "FROM submissions" in one]) == 3
    assert [int(row["id"]) for row in rows] == sorted(
        (int(row["id"]) for row in rows), reverse=True
    )
    assert len(rows) == 7
    assert rows[0]["task"] == "'=1+1"
    own = desk.get("/teach/submissions/export.csv?person=bob").get_data(as_text=True)
    assert len(own.splitlines()) == 3
    assert signed_in(ada).get("/teach/submissions/export.csv").status_code == 403
