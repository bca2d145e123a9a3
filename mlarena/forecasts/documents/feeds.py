"""RSS and Atom as their servers give them: asked politely, read by feedparser, told in words where it is no
feed."""

from __future__ import annotations

import calendar
import io
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import feedparser

from mlarena.forecasts.sources import web

MOST_ENTRIES = 200


class FeedProblem(Exception):
    """There is nothing to read; the message says why."""


@dataclass(frozen=True)
class Entry:
    """One piece of news as the feed tells it, still with its markup."""

    title: str
    text: str
    url: str | None = None
    published_at: datetime | None = None


@dataclass(frozen=True)
class Told:
    """What a feed says. `entries` is None where nothing has changed since it was last asked."""

    title: str | None
    entries: list[Entry] | None
    etag: str | None = None
    modified: str | None = None


def ask(url: str, etag: str | None = None, modified: str | None = None) -> Told:
    """What the feed says now. Raises FeedProblem, and SourceProblem where nothing answers."""
    asked = {"If-None-Match": etag, "If-Modified-Since": modified}
    answer = web.get(url, {name: value for name, value in asked.items() if value})
    if answer.status == 304:
        return Told(None, None, etag, modified)
    if answer.status != 200:
        raise FeedProblem(f"{url} answered {answer.status}.")
    title, entries = parse(answer.text, url)
    headers = {name.lower(): value for name, value in answer.headers.items()}
    return Told(title, entries, headers.get("etag"), headers.get("last-modified"))


def parse(content: bytes, name: str) -> tuple[str | None, list[Entry]]:
    """A feed's title and its entries, the newest MOST_ENTRIES. Raises FeedProblem for what is no feed."""
    # As a stream: given as text, feedparser would also take it for the address of a file.
    found = feedparser.parse(io.BytesIO(content), sanitize_html=False, resolve_relative_uris=False)
    if not found.get("version"):
        start = content[:40].decode("utf-8", "replace")
        raise FeedProblem(f"{name} is neither RSS nor Atom: {start!r}…")
    entries = [one for row in found.entries[:MOST_ENTRIES] if (one := _entry(row)) is not None]
    if found.bozo and not entries:
        raise FeedProblem(f"{name} is no whole feed: {found.bozo_exception}")
    return found.feed.get("title"), entries


def _entry(row: Any) -> Entry | None:
    texts = [part.get("value", "") for part in row.get("content", [])]
    text = max([*texts, row.get("summary", "")], key=len)
    title = row.get("title", "")
    if not title and not text:
        return None
    link = row.get("link", "")
    stamp = row.get("published_parsed") or row.get("updated_parsed")
    try:
        at = datetime.fromtimestamp(calendar.timegm(stamp), UTC) if stamp else None
    except (ValueError, OverflowError, OSError):
        at = None
    good = link.startswith(("https://", "http://"))
    return Entry(title=title, text=text, url=link[:1000] if good else None, published_at=at)
