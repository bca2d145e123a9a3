"""Progress, levels, badges and someone's submissions as JSON."""

from __future__ import annotations

from typing import Any

import pytest

from mlarena.core.clock import utcnow
from mlarena.core.db import db
from mlarena.rewards import service as rewards
from mlarena.rewards.models import Badge, Level
from mlarena.submissions.models import Submission

API = "/api/v1"


@pytest.fixture
def path(app: Any) -> list[Level]:
    levels = [
        Level(slug=f"level-{n}", order=n, name=f"Level {n}", required_xp=100 * n) for n in range(3)
    ]
    db.session.add_all(reversed(levels))
    db.session.add(
        Badge(slug="first", name="First", condition_type="quests_completed", condition_value=1)
    )
    db.session.commit()
    return levels


def submit(user: Any, quest: Any, count: int = 1) -> None:
    for number in range(count):
        db.session.add(Submission(user_id=user.id, task_id=quest.id, attempt_no=number + 1))
    db.session.commit()


def test_progress_of_a_newcomer(client: Any, user: Any, bearer: Any, path: list[Level]) -> None:
    answer = client.get(f"{API}/users/me/progress", headers=bearer(user))
    data = answer.json["data"]
    assert answer.status_code == 200
    assert {key: data[key] for key in data if key not in ("next_level", "levels")} == {
        "xp": 0,
        "level": 1,
        "current_streak": 0,
        "longest_streak": 0,
        "quests_completed": 0,
        "badges": [],
    }
    assert data["next_level"] == {"level": 2, "required_xp": 100, "xp_into": 0, "xp_needed": 100}
    assert [(level["slug"], level["open"]) for level in data["levels"]] == [
        ("level-0", True),
        ("level-1", False),
        ("level-2", False),
    ]


def test_progress_after_a_pass(client: Any, user: Any, bearer: Any, path: list[Level]) -> None:
    rewards.record_activity(user, utcnow())
    rewards.reward_pass(user, "task:1", 150, "Passed one", ("quest",), False, utcnow())
    rewards.reward_pass(user, "task:2", 10, "Passed a quiz", ("challenge",), False, utcnow())
    db.session.commit()
    data = client.get(f"{API}/users/me/progress", headers=bearer(user)).json["data"]
    assert (data["xp"], data["level"], data["quests_completed"]) == (160, 2, 1)
    assert (data["current_streak"], data["longest_streak"]) == (1, 1)
    assert [badge["slug"] for badge in data["badges"]] == ["first"]
    assert data["badges"][0]["earned_at"].endswith("Z")
    assert [level["open"] for level in data["levels"]] == [True, True, False]


def test_progress_needs_somebody(client: Any) -> None:
    answer = client.get(f"{API}/users/me/progress")
    assert answer.status_code == 401
    assert answer.json["status"] == "error"


def test_levels_in_their_order_open_by_xp(
    client: Any, user: Any, bearer: Any, path: list[Level]
) -> None:
    rewards.reward_pass(user, "task:1", 100, "Passed one", ("quest",), False, utcnow())
    db.session.commit()
    stranger = client.get(f"{API}/levels").json
    assert stranger["meta"] == {"page": 1, "per_page": 20, "total": 3, "pages": 1}
    assert [level["required_xp"] for level in stranger["data"]] == [0, 100, 200]
    assert [level["open"] for level in stranger["data"]] == [True, False, False]
    own = client.get(f"{API}/levels", headers=bearer(user)).json["data"]
    assert [level["open"] for level in own] == [True, True, False]


def test_badges_are_paged(client: Any, path: list[Level]) -> None:
    answer = client.get(f"{API}/badges?per_page=1&page=2").json
    assert answer["data"] == []
    assert answer["meta"]["total"] == 1
    (badge,) = client.get(f"{API}/badges").json["data"]
    assert (badge["slug"], badge["condition_type"]) == ("first", "quests_completed")


def test_badges_tell_oneself_what_is_earned_and_how_far_the_rest_is(
    client: Any, user: Any, bearer: Any, path: list[Level], queries: list[str]
) -> None:
    db.session.add_all(
        Badge(slug=f"xp-{n}", name=f"{n} XP", condition_type="xp", condition_value=n)
        for n in (50, 400)
    )
    once = Badge(slug="o", name="O", condition_type="attempts_before_pass", condition_value=3)
    db.session.add(once)
    db.session.commit()
    rewards.reward_pass(user, "task:1", 100, "Passed one", ("quest",), False, utcnow())
    db.session.commit()
    headers = bearer(user)
    queries.clear()
    own = client.get(f"{API}/badges", headers=headers).json
    assert len(queries) <= 9
    told = {row["slug"]: (row["earned_at"] is not None, row["figure"]) for row in own["data"]}
    assert told == {
        "first": (True, 1),
        "xp-50": (True, 100),
        "xp-400": (False, 100),
        "o": (False, None),
    }
    assert own["meta"]["total"] == 4
    assert "figure" not in client.get(f"{API}/badges").json["data"][0]


def test_own_submissions_newest_first(client: Any, user: Any, bearer: Any, quest: Any) -> None:
    submit(user, quest, 3)
    answer = client.get(f"{API}/users/{user.id}/submissions?per_page=2", headers=bearer(user))
    assert [row["attempt_no"] for row in answer.json["data"]] == [3, 2]
    assert answer.json["meta"] == {"page": 1, "per_page": 2, "total": 3, "pages": 2}


def test_others_submissions_are_not_there(
    client: Any, user: Any, bearer: Any, quest: Any, make_user: Any
) -> None:
    submit(user, quest)
    address = f"{API}/users/{user.id}/submissions"
    assert client.get(address).status_code == 401
    assert client.get(address, headers=bearer(make_user("bob"))).status_code == 404
    for role in ("instructor", "admin"):
        answer = client.get(address, headers=bearer(make_user(role, role=role)))
        assert len(answer.json["data"]) == 1


def test_nobodys_submissions_are_not_there(client: Any, make_user: Any, bearer: Any) -> None:
    headers = bearer(make_user("bob", role="instructor"))
    assert client.get(f"{API}/users/99/submissions", headers=headers).status_code == 404


def test_a_page_of_submissions_is_a_constant_number_of_queries(
    client: Any, user: Any, bearer: Any, quest: Any, queries: list[str]
) -> None:
    headers = bearer(user)
    submit(user, quest)
    queries.clear()
    client.get(f"{API}/users/{user.id}/submissions", headers=headers)
    little = len(queries)
    for number in range(2, 12):
        db.session.add(Submission(user_id=user.id, task_id=quest.id, attempt_no=number))
    db.session.commit()
    queries.clear()
    client.get(f"{API}/users/{user.id}/submissions", headers=headers)
    assert len(queries) == little
