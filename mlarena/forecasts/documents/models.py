"""Documents, the feeds they come from, whom they are about, and what meaning search knows of them."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, Index, LargeBinary, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from mlarena.core.clock import utcnow
from mlarena.core.db import Base, UtcDateTime

# Search by words has an index of its own that the migration makes, for each database what it has: the
# table `documents_words` (SQLite's FTS5, kept by triggers) or the column `documents.words` (PostgreSQL's
# tsvector). Neither is known here; migrations/env.py says so to Alembic.


class Feed(Base):
    """An RSS or Atom feed that the clock reads. `etag` and `modified` are what its server gave to ask by."""

    __tablename__ = "document_feeds"

    id: Mapped[int] = mapped_column(primary_key=True)
    url: Mapped[str] = mapped_column(String(500), unique=True)
    title: Mapped[str | None] = mapped_column(String(200))
    etag: Mapped[str | None] = mapped_column(String(200))
    modified: Mapped[str | None] = mapped_column(String(80))
    read_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    problem: Mapped[str | None] = mapped_column(String(300))


class Document(Base):
    """One text, cleaned. `folded` is title and text as they are searched and compared (without accents, in
    small letters), `fingerprint` its checksum: the same text is held once, wherever it was found.

    `sentiment` is from -1 to 1 (sentiment.py); None where no word says anything.
    """

    __tablename__ = "documents"
    __table_args__ = (Index(None, "published_at"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    feed_id: Mapped[int | None] = mapped_column(
        ForeignKey("document_feeds.id", ondelete="SET NULL"), index=True
    )
    url: Mapped[str | None] = mapped_column(String(1000), index=True)
    title: Mapped[str] = mapped_column(String(300))
    text: Mapped[str] = mapped_column(Text)
    folded: Mapped[str] = mapped_column(Text)
    fingerprint: Mapped[str] = mapped_column(String(64), unique=True)
    sentiment: Mapped[float | None]
    published_at: Mapped[datetime] = mapped_column(UtcDateTime)
    added_at: Mapped[datetime] = mapped_column(UtcDateTime, default=utcnow)


class DocumentTeam(Base):
    """A team that a document names, and how often."""

    __tablename__ = "document_teams"

    document_id: Mapped[int] = mapped_column(
        ForeignKey("documents.id", ondelete="CASCADE"), primary_key=True
    )
    team_id: Mapped[int] = mapped_column(
        ForeignKey("teams.id", ondelete="CASCADE"), primary_key=True, index=True
    )
    mentions: Mapped[int]


class DocumentPlayer(Base):
    """A player whom a document names, and how often."""

    __tablename__ = "document_players"

    document_id: Mapped[int] = mapped_column(
        ForeignKey("documents.id", ondelete="CASCADE"), primary_key=True
    )
    player_id: Mapped[int] = mapped_column(
        ForeignKey("players.id", ondelete="CASCADE"), primary_key=True, index=True
    )
    mentions: Mapped[int]


class DocumentVector(Base):
    """A document's place in the space of one embedding model: float32, of length 1."""

    __tablename__ = "document_vectors"

    document_id: Mapped[int] = mapped_column(
        ForeignKey("documents.id", ondelete="CASCADE"), primary_key=True
    )
    model: Mapped[str] = mapped_column(String(120), primary_key=True)
    vector: Mapped[bytes] = mapped_column(LargeBinary)
    made_at: Mapped[datetime] = mapped_column(UtcDateTime, default=utcnow)
