"""The profile page: what one person has grown, for everybody, themselves and instructors."""

from __future__ import annotations

import re
from datetime import timedelta
from html import unescape
from typing import Any

import pytest

from mlarena.accounts import service as accounts
from mlarena.core.clock import utcnow
from mlarena.core.db import db
from mlarena.rewards import service as rewards
from mlarena.rewards.models import Badge, UserBadge
from mlarena.submissions.models import Progress, Submission


def words(answer: Any) -> str:
    main = re.search(r"<main.*</main>", answer.text, re.S)
    assert main
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", main[0])).split())


def badge(number: int) -> Badge:
    row = Badge(
        slug=f"badge-{number}",
        name=f"Badge {number}",
        description="for this test",
        condition_type="xp",
        condition_value=10**9,
    )
    db.session.add(row)
    db.session.flush()
    return row


def grow(user: Any, quest: Any, number: int) -> None:
    """One passed task, one submission, one badge, one line of XP."""
    now = utcnow()
    rewards.record_activity(user, now)
    rewards.reward_pass(
        user, f"task:{number}", 100, f"Passed task {number}", ("quest",), False, now
    )
    db.session.add(
        Submission(
            user_id=user.id,
            task_id=quest.id,
            attempt_no=number,
            status="scored",
            score=0.875,
            passed=True,
            xp_awarded=100,
        )
    )
    db.session.add(
        Progress(
            user_id=user.id,
            task_id=quest.id,
            status="completed",
            attempts=1,
            best_score=0.875,
            completed_at=now,
        )
    )
    db.session.add(UserBadge(user_id=user.id, badge_id=badge(number).id, earned_at=now))
    db.session.commit()


def test_a_newcomers_profile_says_what_is_missing(client: Any, user: Any) -> None:
    said = words(client.get(f"/users/{user.id}"))
    assert said.startswith("ada")
    assert "XP 0 Level 1 0 of 100 XP to level 2" in said
    assert "Streak: 0 days" in said
    assert "No XP yet." in said


def test_what_one_has_grown_is_on_the_page(client: Any, user: Any, quest: Any) -> None:
    grow(user, quest, 1)
    answer = client.get(f"/users/{user.id}")
    said = words(answer)
    assert "XP 100 Level 2 0 of 200 XP to level 3" in said
    assert "Streak: 1 day " in said
    assert "Badge 1 : for this test" in said
    assert f"{quest.title} 0.8750" in said
    assert "Passed task 1 +100" in said
    assert f'href="/quests/{quest.id}"' in answer.text


def test_the_streak_strip_is_fourteen_days_in_words(client: Any, user: Any) -> None:
    rewards.record_activity(user, utcnow() - timedelta(days=3))
    rewards.record_activity(user, utcnow() - timedelta(days=2))
    for _ in range(2):
        rewards.record_activity(user, utcnow())
    db.session.commit()
    answer = client.get(f"/users/{user.id}")
    days = re.findall(r"<li>\s*<time datetime=.*?</time>:\s*(.*?)\s*</li>", answer.text, re.S)
    assert len(days) == 14
    assert days[-4:] == ["1 submission", "1 submission", "rest", "2 submissions"]


def test_strangers_and_other_learners_see_no_submissions(
    client: Any, user: Any, quest: Any, make_user: Any, signed_in: Any
) -> None:
    grow(user, quest, 1)
    for reader in (client, signed_in(make_user("bob"))):
        answer = reader.get(f"/users/{user.id}")
        assert answer.status_code == 200
        assert "Latest submissions" not in answer.text
        assert "/submissions/" not in answer.text


@pytest.mark.parametrize("role", ["self", "instructor", "admin"])
def test_the_learner_and_instructors_see_them(
    user: Any, quest: Any, make_user: Any, signed_in: Any, role: str
) -> None:
    grow(user, quest, 1)
    reader = user if role == "self" else make_user("bob", role=role)
    answer = signed_in(reader).get(f"/users/{user.id}")
    assert "Latest submissions" in answer.text
    assert re.search(r'href="/submissions/\d+"', answer.text)


def test_a_draft_that_was_passed_once_is_not_shown(client: Any, user: Any, quest: Any) -> None:
    grow(user, quest, 1)
    quest.status = "draft"
    db.session.commit()
    assert f"/quests/{quest.id}" not in client.get(f"/users/{user.id}").text


@pytest.mark.parametrize("path", ["/users/99", "/users/0", "/users/99999999999999", "/users/ada"])
def test_nobody_by_that_id_is_a_page_that_says_so(client: Any, path: str) -> None:
    answer = client.get(path)
    assert answer.status_code == 404
    assert "<h1>" in answer.text


def test_a_deleted_account_is_gone(client: Any, make_user: Any) -> None:
    user = make_user("ada")
    user_id = user.id
    accounts.delete_account(user, "correct horse battery")
    assert client.get(f"/users/{user_id}").status_code == 404


def test_names_stand_alone_whatever_their_direction(client: Any, make_user: Any) -> None:
    user = make_user("ada", full_name="עדה לאבלייס 🧮")
    answer = client.get(f"/users/{user.id}")
    assert "<bdi>ada</bdi>" in answer.text
    assert "<bdi>עדה לאבלייס 🧮</bdi>" in answer.text


def test_the_page_takes_as_many_queries_for_much_as_for_little(
    user: Any, make_quest: Any, signed_in: Any, queries: list[str]
) -> None:
    browser = signed_in(user)
    grow(user, make_quest(slug="q-1"), 1)
    queries.clear()
    browser.get(f"/users/{user.id}")
    little = len(queries)
    for number in range(2, 8):
        grow(user, make_quest(slug=f"q-{number}"), number)
    queries.clear()
    assert browser.get(f"/users/{user.id}").status_code == 200
    assert len(queries) == little
    assert little <= 9
