"""Where things happen: who is told of them, and who is not."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from mlarena.cohorts import announcements, assignments
from mlarena.cohorts import notices as classes
from mlarena.cohorts import service as cohorts
from mlarena.competitions import notices as contests
from mlarena.competitions.finish import finish_due
from mlarena.competitions.models import Competition
from mlarena.core.clock import freeze, utcnow
from mlarena.core.db import db
from mlarena.live import presence
from mlarena.notifications import reminders, service
from mlarena.notifications.models import Notification
from mlarena.rewards.models import LearnerTotals
from tests.notifications.test_told import listed
from tests.security.worlds import held


@pytest.fixture
def teacher(make_user: Any) -> Any:
    return make_user("lead", role="instructor")


def test_a_verdict_is_told_unless_its_page_is_open(
    user: Any, quest: Any, good_model: Any, upload: Any, bearer: Any, work: Any, signed_in: Any
) -> None:
    headers = bearer(user)
    first = upload(headers, quest, good_model()).json["data"]["id"]
    work()
    told = listed(user)
    assert "The iris quest: passed" in told
    assert any(title.startswith("You are level") for title in told)
    assert service.unread(user.id) == len(told)
    # Looking at the verdict is reading what tells of it.
    assert signed_in(user).get(f"/submissions/{first}").status_code == 200
    assert service.unread(user.id) == len(told) - 1
    second = upload(headers, quest, good_model() + b" ").json["data"]["id"]
    presence.look(user.id, f"submission:{second}")
    work()
    assert listed(user) == told
    third = upload(headers, quest, good_model() + b"  ").json["data"]["id"]
    signed_in(user).get(f"/submissions/{third}")  # a page that has no socket yet
    work()
    assert listed(user) == told


def test_levels_are_told_with_what_they_open(
    user: Any, quest: Any, make_quest: Any, good_model: Any, upload: Any, bearer: Any, work: Any
) -> None:
    make_quest(slug="far", level_xp=50)
    make_quest(slug="farther", level_xp=5000)
    upload(bearer(user), quest, good_model())  # 100 XP
    work()
    query = service.heads(user.id).where(Notification.kind == "level")
    told = db.session.scalars(query).one()
    assert (told.text, told.link) == (
        "Open now: “Level at 50 XP”. There are new quests for you.",
        "/quests",
    )


def test_badges_are_told_in_the_transaction_that_gives_them(
    user: Any, quest: Any, good_model: Any, upload: Any, bearer: Any, work: Any
) -> None:
    from mlarena.rewards.models import Badge

    db.session.add(
        Badge(
            slug="first", name="First Steps", condition_type="quests_completed", condition_value=1
        )
    )
    db.session.commit()
    upload(bearer(user), quest, good_model())
    work()
    assert "New badge: First Steps" in listed(user)


def test_an_announcement_reaches_the_class_and_can_be_taken_back(
    teacher: Any, make_user: Any, routed: Any
) -> None:
    ada, bob, eve = (make_user(name) for name in ("ada", "bob", "eve"))
    cohort = cohorts.create(teacher, {"title": "A class"})
    for one in (ada, bob):
        cohorts.join(one, cohort.join_code or "")
    said = announcements.announce(
        teacher,
        cohort,
        "Exam",
        "## On *Monday*\n\n- Bring a [pen](https://pens.example) & <b>paper</b>.",
    )
    routed()
    assert [listed(one) for one in (ada, bob, eve)] == [["A class: Exam"]] * 2 + [[]]
    text = db.session.scalars(service.heads(ada.id)).one().text
    assert text == "On Monday Bring a pen & paper."
    announcements.withdraw(teacher, said)
    routed()
    assert listed(ada) == []


def test_who_has_work_left_is_told_a_day_before_it_is_due(
    teacher: Any, make_user: Any, quest: Any, routed: Any
) -> None:
    from mlarena.submissions.models import Progress

    done, open_, later, gone = (make_user(name) for name in ("done", "open", "later", "gone"))
    cohort = cohorts.create(teacher, {"title": "A class"})
    for one in (done, open_, later, gone):
        cohorts.join(one, cohort.join_code or "")
    cohorts.leave(gone, cohort.id)
    now = utcnow()
    fields = {"title": "Week 1", "due_at": now + timedelta(hours=30)}
    given = assignments.create(teacher, cohort, fields, {quest.id: 1.0})
    assignments.extend(teacher, cohort, given, later.id, now + timedelta(hours=60), "ill")
    db.session.add(Progress(user_id=done.id, task_id=quest.id, status="completed", attempts=1))
    db.session.commit()
    assert classes.tell_due() == 0
    with freeze(now + timedelta(hours=10)):
        assert classes.tell_due() == 1
        assert classes.tell_due() == 0
    with freeze(now + timedelta(hours=40)):
        assert classes.tell_due() == 1
    routed()
    assert listed(done) == listed(gone) == []
    assert listed(open_) == listed(later) == ["“Week 1” is due"]


def test_a_deadline_that_was_moved_is_told_again_and_each_once(
    teacher: Any, make_user: Any, quest: Any, routed: Any
) -> None:
    ada, bob = make_user("ada"), make_user("bob")
    cohort = cohorts.create(teacher, {"title": "A class"})
    for one in (ada, bob):
        cohorts.join(one, cohort.join_code or "")
    due = utcnow() + timedelta(hours=12)
    given = assignments.create(teacher, cohort, {"title": "Week 1", "due_at": due}, {quest.id: 1.0})
    assert (classes.tell_due(), classes.tell_due()) == (2, 0)
    for days in (10, 20):  # a second extension as well as a first
        own = due + timedelta(days=days)
        assignments.extend(teacher, cohort, given, bob.id, own, "ill")
        with freeze(own - timedelta(hours=12)):
            assert (classes.tell_due(), classes.tell_due()) == (1, 0)
    assignments.end_extension(teacher, cohort, given, bob.id)
    assert classes.tell_due() == 0
    # Moved for all to a time of which Bob has been told already, when it was his alone.
    given.due_at = due + timedelta(days=10)
    db.session.commit()
    with freeze(due + timedelta(days=10, hours=-12)):
        assert (classes.tell_due(), classes.tell_due()) == (1, 0)
    routed()
    assert (len(listed(ada)), len(listed(bob))) == (2, 3)


def test_a_competition_opens_to_all_and_ends_for_those_who_take_part(
    teacher: Any, make_user: Any, routed: Any
) -> None:
    ada, eve = make_user("ada"), make_user("eve")
    competition = db.session.get(Competition, held(teacher, ada))
    now = utcnow()
    competition.starts_at, competition.ends_at = now - timedelta(days=3), now + timedelta(days=3)
    db.session.commit()
    assert contests.tell_due() == 1
    assert contests.tell_due() == 0
    with freeze(now + timedelta(days=2, hours=12)):
        assert contests.tell_due() == 1
        assert contests.tell_due() == 0
    with freeze(now + timedelta(days=3, seconds=1)):
        assert finish_due() == 1
    routed()
    assert listed(eve) == ["Held is open"]
    assert listed(ada) == ["Held has ended", "Held ends soon", "Held is open"]


def test_the_end_of_a_competition_that_was_moved_is_told_again(
    teacher: Any, make_user: Any, routed: Any
) -> None:
    ada = make_user("ada")
    competition = db.session.get(Competition, held(teacher, ada))
    now = utcnow()
    competition.starts_at, competition.ends_at = now - timedelta(days=9), now + timedelta(hours=12)
    db.session.commit()
    assert (contests.tell_due(), contests.tell_due()) == (2, 0)  # opened, and ends soon
    routed()
    competition.ends_at = now + timedelta(days=10)
    db.session.commit()
    assert contests.tell_due() == 0
    with freeze(now + timedelta(days=9, hours=12)):
        assert (contests.tell_due(), contests.tell_due()) == (1, 0)
        routed()
    assert listed(ada) == ["Held ends soon", "Held ends soon", "Held is open"]


def test_a_rating_that_changed_is_told_once_however_often_it_is_worked_out(
    teacher: Any, make_user: Any, routed: Any
) -> None:
    from mlarena.competitions import rating
    from mlarena.competitions.models import Entrant, Member

    ada, eve = make_user("ada"), make_user("eve")
    competition = db.session.get(Competition, held(teacher, ada))
    now = utcnow()
    competition.ends_at = competition.finished_at = now
    for rank, who in enumerate((ada, eve), 1):
        member = db.session.get(Member, (competition.id, who.id))
        entrant = member.entrant if member else Entrant(competition_id=competition.id, track=[])
        entrant.final_rank = rank
        if member is None:
            db.session.add(entrant)
            db.session.flush()
            db.session.add(
                Member(competition_id=competition.id, user_id=who.id, entrant_id=entrant.id)
            )
    db.session.commit()
    for _ in range(2):
        rating.recompute()
        routed()
    assert len(listed(ada)) == len(listed(eve)) == 1
    assert "(+" in listed(ada)[0]
    assert "(-" in listed(eve)[0]


def test_a_streak_is_reminded_of_in_its_owners_evening(make_user: Any, routed: Any) -> None:
    ada = make_user("ada", timezone="Asia/Tokyo")
    idle = make_user("idle", timezone="Asia/Tokyo")
    now = utcnow().replace(hour=10, minute=30)  # 19:30 in Tokyo
    for one, days_ago in ((ada, 1), (idle, 9)):
        db.session.add(
            LearnerTotals(
                user_id=one.id,
                current_streak=5,
                last_active_day=(now - timedelta(days=days_ago)).date(),
            )
        )
    db.session.commit()
    with freeze(now - timedelta(hours=4)):
        assert reminders.tell_streaks() == 0
    with freeze(now):
        assert reminders.tell_streaks() == 1
        reminders.tell_streaks()
    routed()
    assert listed(ada) == ["Your 5-day streak ends today"]
    assert listed(idle) == []
