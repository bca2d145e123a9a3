"""What a task of any kind said, save by save; two saves compared; and copies of it."""

from __future__ import annotations

import re
from datetime import timedelta
from html import unescape
from typing import Any

import pytest

from mlarena.challenges import authoring as challenges
from mlarena.competitions import authoring as competitions
from mlarena.competitions.models import Competition, CompetitionFile
from mlarena.core.clock import utcnow
from mlarena.core.db import db
from mlarena.quests.models import Quest
from mlarena.submissions.revisions import TaskRevision
from tests.challenges.form_reading import fields

QUESTION = {"kind": "number", "prompt": "1 + 1?", "answer": 2}


@pytest.fixture
def grace(make_user: Any) -> Any:
    return make_user("grace", role="instructor")


@pytest.fixture
def desk(grace: Any, signed_in: Any) -> Any:
    return signed_in(grace)


def changed(page: str) -> dict[str, list[str]]:
    """By field the lines that went (−) and came (+)."""
    found = {}
    for part in page.split("<h3><code>")[1:]:
        rows = re.findall(r'<tr class="(gone|new)">.*?<td><code>(.*?)</code></td>', part, re.S)
        lines = [
            ("-" if kind == "gone" else "+") + unescape(re.sub(r"<[^>]+>", "", text))
            for kind, text in rows
        ]
        found[part[: part.index("<")]] = lines
    return found


def test_each_save_of_a_challenge_is_kept_and_two_are_compared(grace: Any, desk: Any) -> None:
    made = challenges.create(grace, "knowledge", {"name": "Sums", "questions": [QUESTION]}, True)
    page = f"/teach/tasks/{made.id}/versions"
    assert "Show what changed" not in desk.get(page).text  # there is one
    form = f"/challenges/{made.id}/edit"
    typed = fields(desk.get(form).text) | {
        "questions-0-prompt": "2 + 1?",
        "questions-0-number": "3",
    }
    assert desk.post(form, data=typed).status_code == 303
    assert desk.post(form, data=fields(desk.get(form).text)).status_code == 303  # nothing new
    assert desk.post(form, data=fields(desk.get(form).text) | {"points": "15"}).status_code == 303
    kept = db.session.query(TaskRevision).order_by(TaskRevision.id).all()
    assert [(one.version, one.by_name) for one in kept] == [
        (1, "grace"),
        (2, "grace"),
        (2, "grace"),
    ]
    assert changed(desk.get(page).text) == {"points": ["-0", "+15"]}  # the last two
    first = desk.get(f"{page}?one={kept[1].id}&other={kept[0].id}").text  # in whatever order
    assert changed(first) == {
        "questions": ["-  prompt: 1 + 1?", "+  prompt: 2 + 1?", "-  answer: 2", "+  answer: 3"]
    }
    for wrong in ("one=1&other=99999", f"one={kept[0].id}&other=2147483647"):
        assert desk.get(f"{page}?{wrong}").status_code == 404
    assert desk.get(f"{page}?one=x&other=-5").status_code == 200


def test_a_quest_that_was_there_before_anything_was_kept(desk: Any, quest: Any) -> None:
    page, form = f"/teach/tasks/{quest.id}/versions", f"/teach/quests/{quest.id}"
    assert "has not been changed yet" in desk.get(page).text
    title = quest.title
    typed = fields(desk.get(form).text) | {"title": "Irises", "description": "Tell them apart."}
    assert desk.post(form, data=typed).status_code == 303
    told = changed(desk.get(page).text)
    assert told["title"] == [f"-{title}", "+Irises"]
    assert told["description"] == ["+Tell them apart."]
    assert "the house" in desk.get(page).text


def test_a_competition_is_kept_compared_and_copied(grace: Any, desk: Any, send_form: Any) -> None:
    now = utcnow()
    about = {"title": "Prices", "metric": "rmse", "starts_at": now, "ends_at": now + timedelta(9)}
    made = competitions.create(grace, about)
    form = f"/competitions/{made.id}/desk"
    typed = fields(desk.get(form).text, "saying") | {"daily_limit": "7", "description": "Predict."}
    assert desk.post(form, data=typed).status_code == 303
    told = changed(desk.get(f"/teach/tasks/{made.id}/versions").text)
    assert told == {"description": ["+Predict."], "daily_limit": ["-5", "+7"]}

    db.session.expire_all()
    made.answers_blob, made.facts = "f" * 64, {"rows": 2}
    file = CompetitionFile(competition_id=made.id, name="train.csv", blob="e" * 64, size=3)
    db.session.add(file)
    db.session.commit()
    copied = send_form(desk, f"{form}/duplicate", page="/teach/cohorts/new")
    assert copied.status_code == 303
    copy = db.session.query(Competition).order_by(Competition.id.desc()).first()
    assert (copy.title, copy.status, copy.daily_limit) == ("Prices (copy)", "draft", 7)
    assert (copy.answers_blob, copy.facts, copy.slug) == ("f" * 64, {"rows": 2}, "prices-copy")
    assert [one.name for one in copy.files] == ["train.csv"]
    assert not db.session.query(Quest).count()
