"""The house's baselines: judged on the same way as everybody's code, seen on boards and nowhere else."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from mlarena.boards import service as boards
from mlarena.core.clock import utcnow
from mlarena.core.db import db
from mlarena.quests.baselines import enter_missing
from mlarena.quests.datasets.recipes import BASELINES
from mlarena.rewards.models import ActivityDay, LearnerTotals, XpEntry
from mlarena.submissions import claim
from mlarena.submissions.models import JobEvent, Progress, Submission
from mlarena.submissions.settle import settle
from mlarena.submissions.sweep import sweep
from mlarena.submissions.verdict import Verdict

TRAIN = (
    "from sklearn.naive_bayes import GaussianNB\ndef train(X, y): return GaussianNB().fit(X, y)\n"
)


def count(model: Any) -> int:
    return db.session.scalar(sa.select(sa.func.count()).select_from(model)) or 0


def house_rows(quest: Any) -> dict[str, float]:
    return {row.username: row.score for row in boards.page(quest.board(), 1, 50).rows if row.house}


@pytest.mark.parametrize(
    ("dataset", "metric", "threshold"),
    [("churn", "accuracy", 0.85), ("diabetes", "rmse", 60.0), ("customers", "adjusted_rand", 0.9)],
)
def test_each_kind_of_task_has_three_that_stand_in_their_order(
    client: Any, make_quest: Any, work: Any, dataset: str, metric: str, threshold: float
) -> None:
    quest = make_quest(dataset, metric=metric, threshold=threshold)
    assert enter_missing() == 3
    work()
    rows = client.get(f"/api/v1/leaderboard?quest={quest.id}").json["data"]
    assert {row["username"] for row in rows} == set(BASELINES[quest.task_type])
    assert [(row["house"], row["rank"], row["user_id"]) for row in rows] == [(True, None, None)] * 3
    laziest = next(iter(BASELINES[quest.task_type]))
    assert rows[-1]["username"] == laziest
    assert not quest.rule().passes(rows[-1]["score"], quest.threshold)


def test_they_leave_no_trace_among_people(
    client: Any,
    make_user: Any,
    bearer: Any,
    quest: Any,
    good_model: Any,
    upload: Any,
    work: Any,
    signed_in: Any,
) -> None:
    teacher, ada = make_user("grace", role="instructor"), make_user("ada")
    enter_missing()
    work()
    for table in (XpEntry, Progress, JobEvent, LearnerTotals, ActivityDay):
        assert count(table) == 0, table
    assert client.get("/api/v1/leaderboard").json["data"] == []
    assert client.get("/api/v1/submissions", headers=bearer(teacher)).json["data"] == []
    by_id = client.get("/api/v1/submissions/1", headers=bearer(teacher))
    assert by_id.status_code == 404
    assert signed_in(teacher).get("/submissions/1").status_code == 404

    sent = upload(bearer(ada), quest, good_model()).json["data"]
    work()
    # A person's rank is among people, whatever stands above them; so is what they are compared with.
    assert boards.rank(quest.board(), ada.id) == 1
    found = client.get(f"/api/v1/submissions/{sent['id']}", headers=bearer(ada)).json["data"]
    assert found["report"]["field"]["others"] == 0
    assert boards.page(quest.board(), 1, 50).total == 4


def test_once_for_each_version_of_a_quest(make_quest: Any, work: Any) -> None:
    quest = make_quest()
    make_quest("wine", slug="draft", status="draft")
    assert (enter_missing(), enter_missing()) == (3, 0)
    work()
    assert enter_missing() == 0
    before = house_rows(quest)
    make_quest(metric="accuracy")
    assert (enter_missing(), enter_missing()) == (3, 0)
    work()
    after = house_rows(quest)
    assert set(after) == set(before)
    dummy = "the commonest class"
    assert after[dummy] != before[dummy]  # one row of each, and it is the new one


def test_a_lost_queue_is_made_good_by_the_sweep(app: Any, quest: Any, work: Any) -> None:
    enter_missing()
    app.extensions["redis"].flushdb()
    work()
    assert house_rows(quest) == {}
    long_ago = utcnow() - timedelta(minutes=1)
    db.session.execute(sa.update(Submission).values(dispatched_at=long_ago))
    db.session.commit()
    assert sweep()["dispatched"] == 3
    work()
    assert len(house_rows(quest)) == 3


def test_what_the_platform_failed_at_is_tried_again(quest: Any, work: Any) -> None:
    enter_missing()
    first = db.session.scalars(sa.select(Submission).order_by(Submission.id)).first()
    token = claim.claim(first.id)
    assert settle(first.id, token, Verdict("error", error="no jail on this machine"))
    assert enter_missing() == 1
    work()
    assert len(house_rows(quest)) == 3
    assert count(Submission) == 3


def test_somebodys_training_goes_first(
    client: Any, user: Any, bearer: Any, quest: Any, work: Any
) -> None:
    enter_missing()
    sent = client.post(
        f"/api/v1/quests/{quest.id}/train", json={"code": TRAIN}, headers=bearer(user)
    )
    assert sent.status_code == 202
    work()
    finished = db.session.execute(
        sa.select(Submission.user_id).order_by(Submission.finished_at)
    ).scalars()
    assert list(finished) == [user.id, None, None, None]
