"""The calendar: read back by a real parser, by who has its address and by nobody else."""

from __future__ import annotations

import logging
from datetime import timedelta
from typing import Any

import icalendar
import sqlalchemy as sa

from mlarena.calendars.models import CalendarLink
from mlarena.competitions.models import Competition
from mlarena.core.clock import utcnow
from mlarena.core.db import db
from tests.security.worlds import class_of, held, match_to_come

ADDRESS = "/api/v1/users/me/calendar"


def test_it_holds_what_lies_ahead_of_its_owner(
    user: Any, make_user: Any, quest: Any, bearer: Any, client: Any
) -> None:
    match_id = match_to_come()
    teacher, headers = make_user("teacher", role="instructor"), bearer(user)
    competition = db.session.get_one(Competition, held(teacher, user))
    assignment_id = class_of(user, quest)["assignment_id"]
    body = {"home": 0.5, "draw": 0.25, "away": 0.25}
    forecast = f"/api/v1/matches/{match_id}/forecast"
    assert client.put(forecast, json=body, headers=headers).status_code == 200
    url = client.post(ADDRESS, headers=headers).json["data"]["url"]
    answer = client.get(url)
    assert answer.mimetype == "text/calendar"
    calendar = icalendar.Calendar.from_ical(answer.data)
    events = {str(event["uid"]): event for event in calendar.walk("VEVENT")}
    keys = (f"competition-{competition.id}", f"assignment-{assignment_id}", f"match-{match_id}")
    uids = [f"{key}@localhost" for key in keys]
    assert sorted(events) == sorted(uids) and len(calendar.walk("VEVENT")) == 3
    contest, due, match = (events[uid] for uid in uids)
    assert str(contest["summary"]) == "Held"
    # A calendar counts in seconds.
    assert contest.start == competition.starts_at.replace(microsecond=0)
    assert contest.end == competition.ends_at.replace(microsecond=0)
    assert str(contest["url"]) == f"http://localhost/competitions/{competition.id}"
    assert str(due["summary"]) == "Due: Week 1 (A class)"
    # Extended for this learner by a day.
    assert timedelta(days=1, hours=23) < due.start - utcnow() < timedelta(days=2)
    assert str(match["summary"]) == "Home – Away"
    assert str(match["url"]) == f"http://localhost/forecasts/matches/{match_id}"
    other = client.post(ADDRESS, headers=bearer(make_user("eve"))).json["data"]["url"]
    theirs = icalendar.Calendar.from_ical(client.get(other).data)
    assert [str(event["summary"]) for event in theirs.walk("VEVENT")] == ["Held"]


def test_odd_titles_arrive_as_they_are(user: Any, make_user: Any, bearer: Any, client: Any) -> None:
    from mlarena.submissions.models import Task

    competition = db.session.get(Task, held(make_user("teacher", role="instructor"), user))
    title = "Commas, semi;colons, back\\slashes – and a long one: " + "日本 " * 20
    competition.title = title.strip() + "\r\nBEGIN:VEVENT"
    db.session.commit()
    url = client.post(ADDRESS, headers=bearer(user)).json["data"]["url"]
    text = client.get(url).data
    assert all(len(line) <= 75 for line in text.split(b"\r\n"))
    (event,) = icalendar.Calendar.from_ical(text).walk("VEVENT")
    assert str(event["summary"]).replace("\r\n", "\n") == title.strip() + "\nBEGIN:VEVENT"


def test_an_address_ends_when_it_is_renewed_or_closed_or_its_owner_leaves(
    user: Any, bearer: Any, client: Any, caplog: Any, capfd: Any
) -> None:
    caplog.set_level(logging.DEBUG)
    headers = bearer(user)
    first = client.post(ADDRESS, headers=headers).json["data"]["url"]
    second = client.post(ADDRESS, headers=headers).json["data"]["url"]
    assert client.get(first).status_code == 404
    assert client.get(second).status_code == 200
    for url in (first, second):
        secret = url.rpartition("/")[2].removesuffix(".ics")
        assert secret not in caplog.text + "".join(capfd.readouterr())
        assert secret not in repr(db.session.execute(sa.select(CalendarLink.__table__)).all())
    client.delete(ADDRESS, headers=headers)
    assert client.get(second).status_code == 404
    third = client.post(ADDRESS, headers=headers).json["data"]["url"]
    client.delete("/api/v1/users/me", json={"password": "correct horse battery"}, headers=headers)
    assert client.get(third).status_code == 404
    assert client.get("/calendar/made-up.ics").status_code == 404


def test_the_settings_show_it_once(user: Any, signed_in: Any, send_form: Any) -> None:
    browser, page = signed_in(user), "/settings/calendar"
    shown = send_form(browser, page)
    assert ".ics" in shown.text
    assert shown.headers["Cache-Control"] == "no-store"
    assert ".ics" not in browser.get(page).text
    send_form(browser, f"{page}/revoke", page)
    assert db.session.get(CalendarLink, user.id, populate_existing=True) is None
