"""What is said to everybody or to a cohort: drafted, published, told, changed, withdrawn."""

from __future__ import annotations

import re
from typing import Any

from mlarena.accounts.audit import AuditEntry
from mlarena.cohorts import announcements
from mlarena.cohorts.models import Announcement
from mlarena.core.db import db
from mlarena.notifications import routing, service
from tests.challenges.form_reading import fields

NEW = "/teach/announcements/new"


def told(user: Any) -> list[str]:
    """What stands behind the bell, once all is routed."""
    db.session.commit()
    while routing.route_all():
        pass
    db.session.expire_all()
    return [row.title for row in db.session.scalars(service.heads(user.id))]


def test_from_a_draft_to_everybody_and_back(
    teacher: Any, learner: Any, make_user: Any, signed_in: Any
) -> None:
    ada, eve = learner("ada"), make_user("eve")
    desk, reader = signed_in(teacher), signed_in(eve)
    form = fields(desk.get(NEW).text)
    assert form["audience"] == "everyone"
    empty = desk.post(NEW, data=form | {"title": " ", "do": "publish"})
    assert empty.status_code == 422
    made = desk.post(NEW, data=form | {"title": "Exam", "body": "On **Monday**.", "do": "save"})
    assert made.status_code == 303, made.text
    address = made.location
    assert "<strong>Monday</strong>" in desk.get(address).text  # as it will be read
    assert told(eve) == []
    assert "Exam" not in reader.get("/announcements").text

    assert (
        desk.post(address, data=fields(desk.get(address).text) | {"do": "publish"}).status_code
        == 303
    )
    assert told(ada) == told(eve) == ["Exam"]
    assert "<strong>Monday</strong>" in reader.get("/announcements").text

    opened = fields(desk.get(address).text)
    changed = desk.post(address, data=opened | {"body": "On Tuesday.", "do": "save"})
    assert changed.status_code == 303
    assert told(eve) == ["Exam"]  # nobody is told twice
    assert "On Tuesday." in reader.get("/announcements").text
    late = desk.post(address, data=opened | {"body": "On Friday.", "do": "save"})
    assert (late.status_code, "Somebody else has saved" in late.text) == (409, True)

    form = fields(desk.get(address).text)
    assert desk.post(address, data=form | {"do": "withdraw"}).status_code == 303
    assert told(eve) == []
    assert "On Tuesday." not in reader.get("/announcements").text
    gone = desk.post(address, data=fields(desk.get(address).text) | {"do": "delete"})
    assert gone.status_code == 303
    assert desk.get(address).status_code == 404
    noted = [row.action for row in db.session.query(AuditEntry).order_by(AuditEntry.id)]
    assert [one.removeprefix("everyone.") for one in noted if one.startswith("everyone.")] == [
        "draft", "announce", "edit", "unannounce", "delete_announcement",
    ]  # fmt: skip


def test_a_cohorts_own_reach_its_people_alone(
    teacher: Any, cohort: Any, learner: Any, make_user: Any, signed_in: Any
) -> None:
    ada, eve = learner("ada"), make_user("eve")
    desk = signed_in(teacher)
    form = fields(desk.get(f"{NEW}?cohort={cohort.id}").text)
    assert form["audience"] == str(cohort.id)
    sent = desk.post(NEW, data=form | {"title": "Room 4", "do": "publish"})
    assert sent.status_code == 303
    assert (told(ada), told(eve)) == ([f"{cohort.title}: Room 4"], [])
    assert "Room 4" in signed_in(ada).get("/announcements").text
    assert "Room 4" in signed_in(ada).get(f"/announcements?cohort={cohort.id}").text
    assert "Room 4" not in signed_in(eve).get("/announcements").text
    assert signed_in(eve).get(f"/announcements?cohort={cohort.id}").status_code == 404

    # Another instructor neither finds it nor announces there; what is for everybody is everybody's.
    other = signed_in(make_user("mallory", role="instructor"))
    assert other.get(sent.location).status_code == 404
    assert "Room 4" not in other.get("/teach/lists/announcements").text
    typed = fields(other.get(NEW).text) | {"title": "Mine", "audience": str(cohort.id)}
    assert other.post(NEW, data=typed | {"do": "publish"}).status_code == 422
    moved = desk.post(
        sent.location, data=fields(desk.get(sent.location).text) | {"audience": "everyone"}
    )
    assert (moved.status_code, "Withdraw it first" in moved.text) == (409, True)


def test_the_list_is_filtered_and_many_are_published(
    teacher: Any, cohort: Any, make_user: Any, signed_in: Any, send_form: Any
) -> None:
    ids = [announcements.draft(teacher, None, f"Word {number}", "").id for number in range(3)]
    announcements.announce(teacher, cohort, "Said", "")
    desk, page = signed_in(teacher), "/teach/lists/announcements"
    drafts = desk.get(f"{page}?state=draft&sort=-title&q=word").text
    assert re.findall(r"<bdi>(Word \d)</bdi>", drafts) == ["Word 2", "Word 1", "Word 0"]
    assert "Said" not in drafts
    done = send_form(desk, f"{page}/act", page=page, action="publish", ids=ids[:2])
    assert done.status_code == 303
    db.session.expire_all()
    published = [
        row.title
        for row in db.session.query(Announcement).order_by(Announcement.id)
        if row.published_at
    ]
    assert published == ["Word 0", "Word 1", "Said"]
    other = signed_in(make_user("mallory", role="instructor"))
    said = db.session.query(Announcement).filter_by(title="Said").one()
    send_form(other, f"{page}/act", page=page, action="withdraw", ids=[said.id])
    db.session.expire_all()
    assert said.published_at is not None
