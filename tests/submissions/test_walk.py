"""One submission's walk through the house, by its public doors, with a real worker and the real jail."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from mlarena.boards import service as boards
from mlarena.core.db import db
from mlarena.rewards.models import LearnerTotals, XpEntry
from mlarena.submissions.models import JobEvent, Progress, Submission, VerdictRow


def test_a_good_model_passes_and_is_paid_once(
    client: Any, user: Any, bearer: Any, quest: Any, good_model: Any, upload: Any, work: Any
) -> None:
    headers = bearer(user)
    answer = upload(headers, quest, good_model())
    assert answer.status_code == 202, answer.text
    taken = answer.json["data"]
    assert taken["status"] == "queued"
    assert taken["quest_id"] == quest.id
    assert taken["attempt_no"] == 1
    work()
    shown = client.get(f"/api/v1/submissions/{taken['id']}", headers=headers).json["data"]
    assert shown["status"] == "scored"
    assert shown["passed"] is True
    assert 0.9 < shown["score"] <= 1
    assert shown["xp_awarded"] == 100
    assert shown["error"] is None
    assert shown["finished_at"].endswith("Z")

    again = upload(headers, quest, good_model())
    assert again.status_code == 202
    work()
    second = client.get(f"/api/v1/submissions/{again.json['data']['id']}", headers=headers)
    assert second.json["data"]["status"] == "scored"
    assert second.json["data"]["xp_awarded"] == 0

    assert db.session.scalar(sa.select(sa.func.sum(XpEntry.amount))) == 100
    assert db.session.get_one(LearnerTotals, user.id).xp == 100
    progress = db.session.get_one(Progress, (user.id, quest.id))
    assert (progress.status, progress.attempts) == ("completed", 2)
    assert boards.page("global", 1, 10).rows[0].score == 100
    assert boards.page(quest.board(), 1, 10).rows[0].user_id == user.id
    events = db.session.execute(
        sa.select(JobEvent.submission_id, JobEvent.type).order_by(JobEvent.id)
    ).all()
    types = ("job-init", "job-completed")
    assert events == [(number, kind) for number in (1, 2) for kind in types]


def test_a_lazy_model_is_scored_but_not_paid(
    client: Any, user: Any, bearer: Any, quest: Any, good_model: Any, upload: Any, work: Any
) -> None:
    from sklearn.dummy import DummyClassifier

    headers = bearer(user)
    taken = upload(headers, quest, good_model(estimator=DummyClassifier())).json["data"]
    work()
    shown = client.get(f"/api/v1/submissions/{taken['id']}", headers=headers).json["data"]
    assert (shown["status"], shown["passed"], shown["xp_awarded"]) == ("scored", False, 0)
    assert db.session.scalar(sa.select(sa.func.count()).select_from(XpEntry)) == 0


def test_others_do_not_see_it(
    client: Any, user: Any, make_user: Any, bearer: Any, quest: Any, good_model: Any, upload: Any
) -> None:
    taken = upload(bearer(user), quest, good_model()).json["data"]
    stranger, teacher = make_user("eve"), make_user("grace", role="instructor")
    address = f"/api/v1/submissions/{taken['id']}"
    assert client.get(address).status_code == 401
    assert client.get(address, headers=bearer(stranger)).status_code == 404
    assert client.get(address, headers=bearer(teacher)).status_code == 200
    theirs = client.get("/api/v1/submissions", headers=bearer(stranger)).json
    assert (theirs["data"], theirs["meta"]["total"]) == ([], 0)
    everyones = client.get("/api/v1/submissions?status=queued", headers=bearer(teacher)).json
    assert [row["id"] for row in everyones["data"]] == [taken["id"]]


def test_the_page_shows_the_wait_then_the_verdict(
    user: Any, signed_in: Any, quest: Any, good_model: Any, work: Any
) -> None:
    import io

    browser = signed_in(user)
    answer = browser.post(
        f"/quests/{quest.id}",
        data={"model_file": (io.BytesIO(good_model()), "model.joblib")},
    )
    assert answer.status_code == 400  # no CSRF token
    page = browser.get(f"/quests/{quest.id}").text
    token = page.split('name="csrf-token" content="')[1].split('"')[0]
    answer = browser.post(
        f"/quests/{quest.id}",
        data={"model_file": (io.BytesIO(good_model()), "model.joblib"), "csrf_token": token},
    )
    assert answer.status_code == 303, answer.text
    waiting = browser.get(answer.location).text
    assert 'data-status="queued"' in waiting
    work()
    done = browser.get(answer.location).text
    assert 'data-status="scored"' in done
    assert "data-count-up>100<" in done


def test_nothing_is_stored_of_what_is_refused(
    user: Any, bearer: Any, quest: Any, upload: Any
) -> None:
    assert upload(bearer(user), quest, b"<!doctype html><p>hello").status_code == 422
    assert db.session.scalar(sa.select(sa.func.count()).select_from(Submission)) == 0
    assert db.session.scalar(sa.select(sa.func.count()).select_from(VerdictRow)) == 0
    assert db.session.scalar(sa.select(sa.func.count()).select_from(Progress)) == 0
