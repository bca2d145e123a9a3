"""Documents enter here, whatever door they come by: feeds, files, paste. The same text is held once."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import delete, insert, select

from mlarena.core.clock import utcnow
from mlarena.core.db import db
from mlarena.core.errors import Invalid, NotFound
from mlarena.forecasts.documents import cleaning, feeds, sentiment
from mlarena.forecasts.documents.feeds import Entry, FeedProblem
from mlarena.forecasts.documents.linking import Names, known_names
from mlarena.forecasts.documents.models import Document, DocumentPlayer, DocumentTeam, Feed
from mlarena.forecasts.sources.found import SourceProblem

# A file of one text, or of a feed.
TEXTS = (".txt", ".md", ".html", ".htm")
LARGEST = 8 << 20
# A clock that goes wrong somewhere else must not put news after the matches it is about.
AHEAD = timedelta(hours=1)


@dataclass
class Taken:
    """What came of it; `known` had been there before."""

    new: int = 0
    changed: int = 0
    known: int = 0
    empty: int = 0

    def told(self) -> str:
        said = f"{self.new} new, {self.changed} changed, {self.known} known"
        return f"{said}, {self.empty} without words" if self.empty else said


def take(entries: Iterable[Entry], feed: Feed | None = None) -> Taken:
    """Clean, compare, link and hold. An address that tells another text than before is that text now; the
    same text from another address is known. Commits."""
    report, names = Taken(), None
    for entry in entries:
        title, text = cleaning.title(entry.title), cleaning.plain(entry.text)
        if not title:
            title = text.split("\n")[0][:80]
        folded = cleaning.fold(f"{title}\n{text}")
        if not cleaning.words(folded):
            report.empty += 1
            continue
        mark = cleaning.fingerprint(folded)
        if db.session.scalar(select(Document.id).where(Document.fingerprint == mark)) is not None:
            report.known += 1
            continue
        now = utcnow()
        at = entry.published_at if entry.published_at and entry.published_at <= now + AHEAD else now
        values: dict[str, Any] = {
            "title": title,
            "text": text,
            "folded": folded,
            "fingerprint": mark,
            "sentiment": sentiment.of(f"{title}\n{text}"),
        }
        names = names or known_names()
        old = _told_before(entry.url)
        if old is None:
            old = Document(
                feed_id=feed.id if feed else None, url=entry.url, published_at=at, **values
            )
            db.session.add(old)
            report.new += 1
        else:
            for name, value in values.items():
                setattr(old, name, value)
            report.changed += 1
        db.session.flush()
        link(old, names)
    db.session.commit()
    return report


def _told_before(url: str | None) -> Document | None:
    if url is None:
        return None
    return db.session.scalars(select(Document).where(Document.url == url)).first()


def link(document: Document, names: Names) -> None:
    """Write down whom the document names, instead of whom it named before; what its old text meant goes too.
    Not committed."""
    from mlarena.forecasts.documents.models import DocumentVector

    teams, players = names.found_in(f"{document.title}\n{document.text}")
    for table in (DocumentTeam, DocumentPlayer, DocumentVector):
        db.session.execute(delete(table).where(table.document_id == document.id))
    for table, column, found in (
        (DocumentTeam, "team_id", teams), (DocumentPlayer, "player_id", players),
    ):  # fmt: skip
        rows = [
            {"document_id": document.id, column: id_, "mentions": many}
            for id_, many in found.items()
        ]
        if rows:
            db.session.execute(insert(table), rows)


def relink() -> int:
    """Link all documents anew, after names were mapped or players came; how many. Commits."""
    names, many = known_names(), 0
    for document in db.session.scalars(select(Document)):
        link(document, names)
        many += 1
    db.session.commit()
    return many


def paste(title: str, text: str, url: str | None = None, at: Any = None) -> Document:
    """One text by hand. Commits. Raises Invalid where it has no words, or is there already."""
    taken = take([Entry(title, text, url, at)])
    if taken.empty:
        raise Invalid.field("text", "There are no words in it.")
    if taken.known:
        raise Invalid.field("text", "This text is there already.")
    query = select(Document).order_by(Document.id.desc())
    if url is not None:
        query = query.where(Document.url == url)
    return db.session.scalars(query.limit(1)).one()


def add_file(path: Path) -> Taken:
    """A file of one text (.txt, .md, .html: its first line is the title) or of a feed (.xml, .rss, .atom).
    Commits. Raises FeedProblem."""
    try:
        content = path.read_bytes()
    except OSError as error:
        raise FeedProblem(f"{path.name} cannot be read: {error}") from None
    return add_content(path.name, content)


def add_content(name: str, content: bytes) -> Taken:
    """The same of what is in a file. Commits. Raises FeedProblem."""
    if len(content) > LARGEST:
        raise FeedProblem(f"{name} is larger than {LARGEST >> 20} MB.")
    if not name.lower().endswith(TEXTS):
        return take(feeds.parse(content, name)[1])
    text = cleaning.plain(content.decode("utf-8-sig", "replace"))
    title, _, rest = text.partition("\n")
    return take([Entry(title.lstrip("# "), rest)])


def add_feed(url: str) -> Feed:
    """Read the feed from now on. Commits. Raises Invalid for what is no web address."""
    if not url.startswith(("https://", "http://")) or len(url) > 500:
        raise Invalid.field("url", "A feed has a web address: https://…")
    feed = db.session.scalars(select(Feed).where(Feed.url == url)).first()
    if feed is None:
        feed = Feed(url=url)
        db.session.add(feed)
        db.session.commit()
    return feed


def subscribe(url: str) -> tuple[Feed, Taken]:
    """Read a feed now and by the clock. Commits. Raises Invalid where there is none, and keeps nothing."""
    known = db.session.scalar(select(Feed.id).where(Feed.url == url.strip()))
    if known is not None:
        raise Invalid.field("url", "This feed is read already.")
    feed = add_feed(url.strip())
    try:
        return feed, read_feed(feed)
    except FeedProblem as problem:
        remove_feed(feed)
        raise Invalid.field("url", str(problem)) from None


def find_feed(feed_id: int) -> Feed:
    feed = db.session.get(Feed, feed_id)
    if feed is None:
        raise NotFound("There is no such feed.")
    return feed


def remove_feed(feed: Feed) -> None:
    """Read it no more; its news stay. Commits."""
    db.session.delete(feed)
    db.session.commit()


def read_feed(feed: Feed) -> Taken:
    """What the feed has that is new. Commits; what is wrong with it is written down too, and raised as
    FeedProblem."""
    try:
        told = feeds.ask(feed.url, feed.etag, feed.modified)
    except (FeedProblem, SourceProblem) as problem:
        feed.problem, feed.read_at = str(problem)[:300], utcnow()
        db.session.commit()
        raise FeedProblem(str(problem)) from None
    feed.problem, feed.read_at = None, utcnow()
    if told.entries is None:
        db.session.commit()
        return Taken()
    feed.title = cleaning.title(told.title or "")[:200] or feed.title
    feed.etag, feed.modified = (told.etag or "")[:200] or None, (told.modified or "")[:80] or None
    return take(told.entries, feed)


def sync_documents() -> str:
    """All feeds, by the clock; one that is ill keeps no other from being read. Commits by feed."""
    said = []
    for feed in db.session.scalars(select(Feed).order_by(Feed.id)).all():
        try:
            said.append(f"{feed.url}: {read_feed(feed).told()}")
        except FeedProblem as problem:
            said.append(str(problem))
    return "; ".join(said) or "no feeds"
