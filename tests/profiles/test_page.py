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
from mlarena.profiles import service
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
    assert said.startswith("A ada")  # their initial is drawn beside the name
    assert "Nothing to see yet" in said
    assert "Level 1 0 of 100 XP to level 2" in said
    assert "Streak 0 days" in said


def test_ones_own_empty_page_says_what_to_do(user: Any, signed_in: Any) -> None:
    answer = signed_in(user).get(f"/users/{user.id}")
    assert "Everything is still before you" in words(answer)
    assert re.search(r'class="button[^"]*" href="/quests"', answer.text)


def test_what_one_has_grown_is_on_the_page(client: Any, user: Any, quest: Any) -> None:
    grow(user, quest, 1)
    answer = client.get(f"/users/{user.id}")
    said = words(answer)
    assert "XP 100 On the board" not in said  # nothing was entered on that board here
    assert "Level 2 0 of 200 XP to level 3" in said
    assert "Streak 1 day longest: 1" in said
    assert "Badge 1 for this test" in said
    assert f"{quest.title} 0.8750" in said
    assert re.search(r"Passed task 1 \S+ \S+ \S+ \S+ \+100", said)
    assert f'href="/quests/{quest.id}"' in answer.text


def test_the_year_is_drawn_and_told_by_month(client: Any, user: Any) -> None:
    for ago in (40, 3, 2, 0, 0):
        rewards.record_activity(user, utcnow() - timedelta(days=ago))
    db.session.commit()
    answer = client.get(f"/users/{user.id}")
    assert "4 active days, 5 submissions" in words(answer)
    assert len(re.findall(r'class="day day-\d', answer.text)) >= 371
    assert re.search(
        r'aria-label="[^"]*: 4 active days, 5 submissions\. By month in the table', answer.text
    )


def test_a_freeze_is_explained_to_whoever_may_have_one(
    client: Any, user: Any, signed_in: Any
) -> None:
    for ago in range(7, 0, -1):
        rewards.record_activity(user, utcnow() - timedelta(days=ago))
    db.session.commit()
    own = signed_in(user)
    for path in ("/", f"/users/{user.id}"):
        said = words(own.get(path))
        assert "1 freeze in store" in said, path
        assert "Seven days in a row earn a freeze" in said, path
    assert "in store" not in words(client.get(f"/users/{user.id}"))


def test_who_hides_the_streak_hides_it_from_everybody_and_is_told_so(
    client: Any, user: Any, signed_in: Any
) -> None:
    rewards.record_activity(user, utcnow())
    db.session.commit()
    accounts.update_profile(user, streak_shown=False)
    stranger = words(client.get(f"/users/{user.id}"))
    assert "Streak" not in stranger and "active day" not in stranger
    assert "streak" not in stranger
    browser = signed_in(user)
    own = browser.get(f"/users/{user.id}")
    assert "You chose not to have your streak shown." in words(own)
    assert "active day" not in words(own)
    assert "data-streak" not in own.text
    assert "data-streak" not in browser.get("/").text
    accounts.update_profile(user, streak_shown=True)
    assert "1 active day" in words(client.get(f"/users/{user.id}"))


def test_a_public_page_shows_nothing_private(make_user: Any, client: Any) -> None:
    user = make_user("ada", timezone="Asia/Kathmandu", kaggle_username="secret-kaggler")
    text = client.get(f"/users/{user.id}").text
    for private in (user.email, "Kathmandu", "secret-kaggler", "learner"):
        assert private not in text, private


def test_xp_grows_from_the_first_day_to_now(user: Any) -> None:
    now = utcnow()
    user.created_at = now - timedelta(days=30)
    for number, ago in enumerate((20, 10, 1), 1):
        at = now - timedelta(days=ago)
        rewards.reward_pass(user, f"task:{number}", 100, "Passed", ("quest",), False, at)
    db.session.commit()
    found = service.growth(user, 300, now)
    assert [xp for _, xp in found] == [0, 100, 200, 300, 300]
    assert found[0][0] == user.created_at and found[-1][0] == now
    assert [at for at, _ in found] == sorted(at for at, _ in found)


def test_of_a_long_history_the_latest_is_drawn_in_few_points(
    user: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(service, "MOST_XP", 50)
    monkeypatch.setattr(service, "MOST_POINTS", 10)
    now = utcnow()
    for number in range(80):
        at = now - timedelta(days=80 - number)
        rewards.reward_pass(user, f"task:{number}", 10, "Passed", ("quest",), False, at)
    db.session.commit()
    found = service.growth(user, 800, now)
    assert len(found) == 11
    assert (found[0][1], found[-1][1]) == (300, 800)


def test_what_to_earn_next_is_told_to_oneself_alone(client: Any, user: Any, signed_in: Any) -> None:
    db.session.add(
        Badge(
            slug="hunter",
            name="XP Hunter",
            description="Earn 500 XP.",
            icon="target",
            condition_type="xp",
            condition_value=500,
        )
    )
    rewards.reward_pass(user, "task:1", 200, "Passed", ("quest",), False, utcnow())
    db.session.commit()
    own = signed_in(user).get(f"/users/{user.id}")
    assert "XP Hunter Earn 500 XP. 200 of 500" in words(own)
    assert 'aria-label="To “XP Hunter”" value="200" max="500.0"' in own.text
    assert "XP Hunter" not in client.get(f"/users/{user.id}").text
    every = words(client.get(f"/users/{user.id}/badges"))
    assert "0 of 1 earned" in every and "XP Hunter Earn 500 XP. not yet" in every
    assert "200 of 500" in words(signed_in(user).get(f"/users/{user.id}/badges"))


def test_ten_thousand_badges_are_a_few_of_them_and_pages(
    client: Any, user: Any, signed_in: Any, queries: list[str]
) -> None:
    now = utcnow()
    rows = [
        {
            "slug": f"b{n}",
            "name": f"Badge {n}",
            "condition_type": "xp",
            "condition_value": float(n),
        }
        for n in range(1, 10_001)
    ]
    db.session.execute(db.insert(Badge), rows)
    ids = db.session.scalars(db.select(Badge.id)).all()
    db.session.execute(
        db.insert(UserBadge),
        [{"user_id": user.id, "badge_id": one, "earned_at": now} for one in ids],
    )
    db.session.commit()
    answer = client.get(f"/users/{user.id}")
    assert "Badges 10,000" in words(answer)
    assert answer.text.count('class="award"') == service.LATEST_BADGES
    first = client.get(f"/users/{user.id}/badges")
    assert "10,000 of 10,000 earned" in words(first)
    assert first.text.count('class="award"') == service.BADGES_PER_PAGE
    assert "Page 1 of 209" in words(first)
    queries.clear()
    last = client.get(f"/users/{user.id}/badges?page=209")
    assert last.text.count('class="award"') == 10_000 - 208 * service.BADGES_PER_PAGE
    assert len(queries) <= 7
    assert "beyond the last one" in words(client.get(f"/users/{user.id}/badges?page=210"))
    progress = signed_in(user).get("/api/v1/users/me/progress").json["data"]
    assert len(progress["badges"]) == service.MOST_BADGES


def test_what_was_solved_comes_in_pages(
    client: Any, user: Any, make_quest: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(service, "SOLVED_PER_PAGE", 2)
    for number in range(3):
        grow(user, make_quest(slug=f"q-{number}", title=f"Quest {number}"), number + 1)
    first = words(client.get(f"/users/{user.id}"))
    assert "Solved 3" in first and "Quest 2" in first and "Quest 0" not in first
    assert "Quest 0" in words(client.get(f"/users/{user.id}?page=2"))
    assert "Quest" not in words(client.get(f"/users/{user.id}?page=99"))


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
    assert little <= 19
