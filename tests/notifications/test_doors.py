"""The list and the choices, by page and by script."""

from __future__ import annotations

import re
import time
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from mlarena.core.clock import freeze, utcnow
from mlarena.core.db import db
from mlarena.notifications import choices, jobs, service
from mlarena.notifications.service import About, notify

API = "/api/v1/notifications"


def test_the_list_says_what_is_new_and_marks_it_read(
    user: Any, make_user: Any, routed: Any, signed_in: Any, send_form: Any
) -> None:
    browser, other = signed_in(user), make_user("bob")
    assert "Nothing yet" in browser.get("/notifications").text
    for number in range(3):
        notify(user, "verdict", About(f"submission:{number}", f"<b>Verdict {number}</b>"))
    for kind in ("assignment_due", "competition_ended", "competition_ending"):
        for number in range(2):
            notify(user, kind, About(f"one:{number}", f"{kind} {number}", link="/cohorts/1"))
    notify(user, "announcement", About("announcement:1", "Hear", link="/cohorts/1"))
    notify(user, "announcement", About("announcement:2", "And hear this"))
    notify(other, "announcement", About("announcement:1", "Not yours"))
    routed()
    page = browser.get("/notifications").text
    said = [re.sub("<.*", "", one) for one in page.split("<summary>")[1:]]
    assert [one.strip() for one in said if one[0].isdigit()] == [
        *("2 competitions end soon", "2 competitions have ended", "2 assignments are due soon"),
        "3 verdicts",
    ]
    assert ">assignment_due 0</a>" in page and ">assignment_due 1</a>" in page
    assert "Hear" in page and "And hear this" in page
    assert "&lt;b&gt;Verdict 0" in page
    assert "Not yours" not in page
    assert re.search(r"data-unread>6<", page)
    head = db.session.scalars(service.heads(user.id)).first()
    address = f"/notifications/{head.id}/read"
    assert send_form(browser, address, "/notifications").status_code == 303
    assert service.unread(user.id) == 5
    assert send_form(signed_in(other), address, "/notifications").status_code == 404
    send_form(browser, "/notifications/read", "/notifications", up_to="")
    assert service.unread(user.id) == 0
    assert re.search(r"data-unread hidden", browser.get("/quests").text)


def test_a_script_reads_marks_and_chooses(user: Any, routed: Any, bearer: Any, client: Any) -> None:
    headers = bearer(user)
    for number in range(2):
        notify(user, "rating", About(f"competition:{number}", f"Rating {number}"))
    notify(user, "announcement", About("announcement:1", "Hear"))
    routed()
    answer = client.get(API, headers=headers).json
    assert [(row["title"], row["more"]) for row in answer["data"]] == [("Hear", 0), ("Rating 0", 1)]
    assert answer["meta"]["unread"] == 2
    newest = answer["data"][-1]["id"]
    assert client.post(f"{API}/read", headers=headers, json={"up_to": newest}).json["data"] == {
        "unread": 1
    }
    wanted = {"kinds": {"rating": {"page": False}}, "quiet_from": "22:30", "quiet_to": "07:00"}
    kept = client.patch(f"{API}/preferences", headers=headers, json=wanted).json["data"]
    assert kept == client.get(f"{API}/preferences", headers=headers).json["data"]
    assert (kept["kinds"]["rating"]["page"], kept["quiet_from"]) == (False, "22:30")
    for wrong in (
        {"kinds": {"gossip": {"page": True}}},
        {"kinds": {"rating": {"smoke": True}}},
        {"kinds": {"webhook_dead": {"page": True}}},  # no learner's
        {"quiet_from": "25:00"},
        {"quiet_from": None},
        {"quiet_from": "07:00"},
        {"digest_hour": 24},
        {"surprise": 1},
    ):
        answer = client.patch(
            f"{API}/preferences", headers=headers, json=wrong | {"digest": "weekly"}
        )
        assert answer.status_code == 422, wrong
    assert client.get(f"{API}/preferences", headers=headers).json["data"] == kept


def test_the_settings_keep_what_was_ticked_and_say_what_is_wrong(
    user: Any, signed_in: Any, send_form: Any
) -> None:
    browser, page = signed_in(user), "/settings/notifications"
    send_form(browser, f"{page}/kinds", page, **{"badge.page": "on", "badge.mail": "on"})
    wishes = choices.wishes_of(user)
    assert wishes.in_page("badge")
    assert not wishes.in_page("verdict")
    times = {"digest": "weekly", "digest_hour": "7"}
    answer = send_form(browser, f"{page}/habits", page, quiet_from="22:00", quiet_to="", **times)
    assert answer.status_code == 422
    assert "a beginning and an end" in answer.text
    assert 'value="22:00"' in answer.text
    send_form(browser, f"{page}/habits", page, quiet_from="22:00", quiet_to="06:30", **times)
    habits = choices.habits_of(user.id)
    assert (habits.quiet_from, habits.quiet_to, habits.digest) == (1320, 390, "weekly")


def test_a_list_of_many_costs_as_many_queries_as_one_of_few(
    user: Any, routed: Any, signed_in: Any, queries: Any
) -> None:
    browser = signed_in(user)
    counts = []
    for round_ in range(2):
        for number in range(1 if round_ == 0 else 15):
            notify(user, "announcement", About(f"announcement:{round_}-{number}", "Hear"))
            notify(user, "verdict", About(f"submission:{round_}-{number}", "Verdict"))
        routed()
        browser.get("/notifications")
        queries.clear()
        assert browser.get("/notifications").status_code == 200
        counts.append(len(queries))
    assert counts[0] == counts[1]


@pytest.fixture
def letters(app: Any, monkeypatch: Any) -> list[Any]:
    """The letters that were sent; they carry links to an arena at a known address."""
    app.extensions["mailman"].outbox = []
    known = app.extensions["settings"]
    monkeypatch.setitem(
        app.extensions, "settings", known.model_copy(update={"public_url": "https://arena.test"})
    )
    return app.extensions["mailman"].outbox


def test_a_digest_goes_to_a_confirmed_address_at_its_hour_and_can_be_stopped(
    make_user: Any, routed: Any, signed_in: Any, send_form: Any, letters: Any
) -> None:
    user = make_user("ada", timezone="Europe/Berlin")
    browser = signed_in(user)
    notify(user, "announcement", About("announcement:0", "Before"))
    routed()
    send_form(browser, "/settings/notifications/confirm", "/settings/notifications")
    wait_for(lambda: letters)
    link = re.search(r"https://arena.test(/notifications/confirm/\S+)", letters[0].body)[1]
    assert choices.habits_of(user.id).confirmed_email is None
    assert "Yes, it is mine" in browser.get(link).text
    assert choices.habits_of(user.id).confirmed_email is None  # looking changes nothing
    send_form(browser, link)
    letters.clear()
    noon = datetime(2026, 7, 1, 12, 0, tzinfo=UTC)
    with freeze(noon):
        for number in range(3):
            notify(
                user,
                "announcement",
                About(f"announcement:{number}", f"Hear {number}", link="/cohorts/1"),
            )
        for number in range(2):  # one line of the list, and yet each has a deadline of its own
            notify(user, "assignment_due", About(f"assignment:{number}", f"“Week {number}” is due"))
        notify(user, "badge", About("badge:1", "A badge"))  # not among what a digest says unasked
        routed()
        assert jobs.letters() == 0
    with freeze(noon + timedelta(hours=18, minutes=1)):  # 08:01 in Berlin
        assert jobs.letters() == 1
        assert jobs.letters() == 0
    (letter,) = letters
    assert letter.to == ["ada@example.org"]
    assert "Hear 1" in letter.body
    assert "Hear 2" in letter.body
    assert "“Week 0” is due" in letter.body and "“Week 1” is due" in letter.body
    assert "https://arena.test/cohorts/1" in letter.body
    assert "badge" not in letter.body
    assert "<ul>" in letter.alternatives[0][0]
    stop = letter.extra_headers["List-Unsubscribe"].strip("<>").removeprefix("https://arena.test")
    nobody = browser.application.test_client()
    send_form(nobody, stop)
    letters.clear()
    with freeze(noon + timedelta(days=1)):
        notify(user, "announcement", About("announcement:9", "Hear 9"))
        routed()
    with freeze(noon + timedelta(days=3)):
        assert jobs.letters() == 0
    assert letters == []


def test_another_address_has_to_be_confirmed_again(user: Any, routed: Any, letters: Any) -> None:
    choices.confirm_email(user)
    notify(user, "announcement", About("announcement:1", "Hear"))
    routed()
    user.email = user.email_key = "new@example.org"
    db.session.commit()
    with freeze(utcnow() + timedelta(days=2)):
        assert jobs.letters() == 0
    assert letters == []


def test_links_that_are_made_up_say_so(client: Any) -> None:
    for way in ("confirm", "stop"):
        assert client.get(f"/notifications/{way}/made-up").status_code == 422


def wait_for(holds: Any) -> None:
    until = time.monotonic() + 30
    while not holds() and time.monotonic() < until:
        time.sleep(0.02)
    assert holds()
