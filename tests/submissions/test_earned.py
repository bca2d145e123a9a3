"""What a verdict paid is kept with it: the page and the script that come later are told the same."""

from __future__ import annotations

from typing import Any

from mlarena.accounts import service as accounts
from mlarena.core.db import db
from mlarena.live import publish
from mlarena.rewards.models import Badge, Level
from mlarena.submissions import claim, intake
from mlarena.submissions.models import Progress
from mlarena.submissions.settle import settle
from mlarena.submissions.verdict import Verdict


def judged(user: Any, quest: Any, verdict: Verdict) -> Any:
    submission = intake.accept(user, quest, {"format": "joblib", "filename": "m.joblib"})
    token = claim.claim(submission.id)
    assert token is not None
    assert settle(submission.id, token, verdict)
    return submission


def test_the_event_and_the_api_tell_what_was_earned(
    client: Any, user: Any, quest: Any, bearer: Any, monkeypatch: Any
) -> None:
    told: list[dict[str, Any]] = []
    monkeypatch.setattr(
        publish, "publish", lambda event, payload, room: told.append(payload) or True
    )
    db.session.add_all(
        [
            Badge(slug="first", name="First", condition_type="quests_completed", condition_value=1),
            Badge(slug="day", name="A day", condition_type="streak_days", condition_value=1),
            Level(slug="second", order=2, name="Second", required_xp=100),
        ]
    )
    db.session.commit()
    submission = judged(user, quest, Verdict("scored", score=0.95, passed=True))
    address = f"/api/v1/submissions/{submission.id}"
    reward = client.get(address, headers=bearer(user)).json["data"]["reward"]
    assert reward == next(one for one in told if one.get("id") == submission.id)["reward"]
    assert (reward["xp"], reward["xp_total"], reward["streak"]) == (100, 100, 1)
    assert (reward["level_before"], reward["level"], reward["xp_needed"]) == (1, 2, 200)
    assert {badge["slug"] for badge in reward["new_badges"]} == {"first", "day"}
    assert [level["slug"] for level in reward["opened_levels"]] == ["second"]


def test_who_hides_the_streak_is_not_told_of_it(user: Any, quest: Any) -> None:
    accounts.update_profile(user, streak_shown=False)
    passed = judged(user, quest, Verdict("scored", score=0.95, passed=True))
    assert passed.shown()["reward"]["streak"] is None


def test_what_earns_nothing_says_nothing(user: Any, quest: Any) -> None:
    assert judged(user, quest, Verdict("scored", score=0.1, passed=False)).shown()["reward"] == {}
    assert judged(user, quest, Verdict.failed("no model")).shown()["reward"] == {}


def test_the_first_attempt_that_passes_is_the_first_one_handed_in(user: Any, quest: Any) -> None:
    """However long each is judged."""
    what = {"format": "joblib", "filename": "m.joblib"}
    waiting = [intake.accept(user, quest, what | {"size": size}) for size in (1, 2, 3)]
    tokens = {one.id: claim.claim(one.id) or "" for one in waiting}
    for place, score in ((2, 0.95), (1, 0.99), (0, 0.1)):
        verdict = Verdict("scored", score=score, passed=score > 0.9)
        assert settle(waiting[place].id, tokens[waiting[place].id], verdict)
    progress = db.session.get_one(Progress, (user.id, quest.id), populate_existing=True)
    assert (progress.status, progress.passed_on) == ("completed", 2)
