"""The submissions log: found by anything, read from behind, taken away as a file."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from mlarena.challenges import authoring
from mlarena.cohorts import service as cohorts
from mlarena.core.db import db
from mlarena.submissions.models import Submission, VerdictRow

QUIZ = {"name": "Sums", "questions": [{"kind": "number", "prompt": "1 + 1?", "answer": 2}]}


def moment(day: int, hour: int, minute: int = 0) -> datetime:
    return datetime(2026, 3, day, hour, minute, tzinfo=UTC)


@pytest.fixture
def desk(make_user: Callable[..., Any], signed_in: Any) -> Any:
    """Of an instructor in Berlin, an hour ahead of UTC in early March."""
    return signed_in(make_user("grace", role="instructor", timezone="Europe/Berlin"))


@pytest.fixture
def handed_in(quest: Any, make_user: Any) -> dict[str, Any]:
    """Four submissions, 1 to 4, of ada (who is in a cohort) and bob."""
    ada, bob, hopper = make_user("ada"), make_user("bob"), make_user("hopper", role="instructor")
    quiz = authoring.create(hopper, "knowledge", QUIZ, publish=True)
    for user, task, status, passed, at in (
        (ada, quest, "scored", True, moment(1, 22, 30)),
        (ada, quiz, "scored", False, moment(2, 10)),
        (bob, quest, "failed", False, moment(2, 23, 30)),  # half past midnight in Berlin
        (bob, quiz, "queued", None, moment(4, 9)),
    ):
        row = Submission(
            user_id=user.id, task_id=task.id, attempt_no=1, status=status, queued_at=at,
            passed=bool(passed), score=0.5 if status == "scored" else None,
        )  # fmt: skip
        db.session.add(row)
        db.session.flush()
    db.session.commit()
    return {"ada": ada, "bob": bob, "quest": quest, "quiz": quiz, "hopper": hopper}


def test_it_is_found_by_anything(desk: Any, handed_in: Any, make_user: Any) -> None:
    from mlarena.accounts.models import User

    grace = db.session.query(User).filter_by(username="grace").one()
    cohort = cohorts.create(grace, {"title": "A class"})
    cohorts.join(handed_in["ada"], cohort.join_code or "")
    theirs = cohorts.create(handed_in["hopper"], {"title": "Another"})
    wanted = {
        "": [4, 3, 2, 1],
        "person=ada": [2, 1],
        "person=ADA@example.org": [2, 1],
        "person=nobody": [],
        f"task={handed_in['quest'].id}": [3, 1],
        "task=iris": [3, 1],
        "task=%25": [],
        "kind=knowledge": [4, 2],
        "state=passed": [1],
        "state=missed": [2],
        "state=failed": [3],
        "state=queued": [4],
        f"cohort={cohort.id}": [2, 1],
        "since=2026-03-03": [4, 3],
        "until=2026-03-02": [2, 1],
        "since=2026-03-02&until=2026-03-03": [3, 2],
        "person=bob&kind=quest&state=failed": [3],
        "person=bob&state=passed": [],
        "state=nonsense&kind=x&since=yesterday&cohort=-1": [4, 3, 2, 1],
    }
    for query, ids in wanted.items():
        page = desk.get(f"/teach/submissions?{query}").text
        shown = re.findall(r'<th scope="row"[^>]*><a href="/teach/submissions/(\d+)"', page)
        assert [int(one) for one in shown] == ids, query
        text = desk.get(f"/teach/submissions/export.csv?{query}").get_data(as_text=True)
        assert [int(row["id"]) for row in csv.DictReader(io.StringIO(text))] == ids, query
    assert desk.get("/teach/submissions?before=3").text.count('<th scope="row"') == 2
    for path in ("submissions", "submissions/export.csv"):
        assert desk.get(f"/teach/{path}?cohort={theirs.id}").status_code == 404


def test_what_the_jail_said_is_read_from_behind(desk: Any, handed_in: Any) -> None:
    failed = db.session.get_one(Submission, 3)
    failed.payload = {"code": "print('<b>')", "format": "joblib"}
    db.session.add(
        VerdictRow(
            submission_id=3, status="failed", error="It took more than 1,024 MB.",
            cases=[{"number": 1, "outcome": "killed"}],
            report={"jail": {"signal": 9, "stderr": "MemoryError <script>"}},
        )
    )  # fmt: skip
    db.session.commit()
    page = desk.get("/teach/submissions/3").text
    for words in (
        "It took more than 1,024 MB.", "MemoryError &lt;script&gt;", "&#34;signal&#34;: 9",
        "killed", "print(&#39;&lt;b&gt;&#39;)", "<code>joblib</code>", 'href="/submissions/3"',
    ):  # fmt: skip
        assert words in page, words
    assert desk.get("/submissions/3").status_code == 200  # its report
    assert "There is no verdict yet" in desk.get("/teach/submissions/4").text
    assert desk.get("/teach/submissions/99").status_code == 404


def test_what_was_handed_in_is_taken_away_as_it_was(
    desk: Any, handed_in: Any, upload: Any, bearer: Any, good_model: Any, make_user: Any
) -> None:
    content = good_model()
    sent = upload(bearer(make_user("eve")), handed_in["quest"], content)
    kept = {
        1: {"code": "def train(X, y): ..."},
        2: {"answers": {"1": 2}},
        3: {"query": "SELECT 1"},
    }
    for number, payload in kept.items():
        db.session.get_one(Submission, number).payload = payload
    db.session.commit()

    def taken(number: int) -> tuple[bytes, str, str]:
        answer = desk.get(f"/teach/submissions/{number}/artifact")
        told = answer.headers["Content-Disposition"]
        return answer.get_data(), answer.mimetype, told

    assert sent.status_code == 202, sent.text
    model = taken(sent.json["data"]["id"])
    assert model[:2] == (content, "application/octet-stream")
    assert model[2].startswith("attachment")
    assert taken(1) == (
        b"def train(X, y): ...", "text/plain", "attachment; filename=submission_1.py",
    )  # fmt: skip
    assert taken(2)[1:] == ("application/json", "attachment; filename=submission_2.json")
    assert taken(3)[2] == "attachment; filename=submission_3.sql"
    assert desk.get("/teach/submissions/4/artifact").status_code == 404  # nothing is kept of it
