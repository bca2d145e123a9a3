"""Entries as a calendar (RFC 5545). The library escapes and folds; times are UTC, which all programs know."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from urllib.parse import urlsplit

from icalendar import Calendar, Event

from mlarena.calendars.ahead import Entry

# How often a program may ask again, as far as it listens to that.
AGAIN = timedelta(hours=1)


def written(entries: Iterable[Entry], base: str, now: datetime) -> bytes:
    """`base` is where the arena is (https://arena.example): entries link to it, and their ids end with it."""
    calendar = Calendar()
    calendar.add("prodid", "-//MLArena//Calendar//EN")
    calendar.add("version", "2.0")
    calendar.add("x-wr-calname", "MLArena")
    calendar.add("refresh-interval", AGAIN, parameters={"VALUE": "DURATION"})
    for entry in entries:
        event = Event()
        event.add("uid", f"{entry.key}@{urlsplit(base).hostname}")
        event.add("dtstamp", now)
        event.add("summary", entry.title)
        event.add("dtstart", entry.begins)
        if entry.until is not None:
            event.add("dtend", entry.until)
        if entry.text:
            event.add("description", entry.text)
        event.add("url", f"{base}{entry.link}")
        # It says when something is, not that its reader has no time then.
        event.add("transp", "TRANSPARENT")
        calendar.add_component(event)
    return calendar.to_ical()
