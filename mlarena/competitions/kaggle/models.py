"""A competition at Kaggle, its teams' members, and which of our users they say they are."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from mlarena.accounts.models import User
from mlarena.competitions.models import Competition
from mlarena.core.clock import utcnow
from mlarena.core.db import Base, UtcDateTime
from mlarena.scoring.metrics import METRICS, Metric

SITE = "https://www.kaggle.com/competitions/"


class KaggleCompetition(Competition):
    """Held at Kaggle, watched from here. Its rows are `Entrant`s with a `kaggle_team`.

    `digest` is of the board as it was last written, so that one that has not changed costs no look at its
    rows. `direction` is read off the board; None: no order of scores explains it, only Kaggle's own.
    """

    __tablename__ = "kaggle_competitions"
    __table_args__: Any = (CheckConstraint("direction IN ('higher', 'lower')", name="direction"),)
    __mapper_args__: Any = {"polymorphic_identity": "kaggle", "polymorphic_load": "inline"}  # noqa: RUF012

    id: Mapped[int] = mapped_column(
        ForeignKey("competitions.id", ondelete="CASCADE"), primary_key=True
    )
    kaggle_slug: Mapped[str] = mapped_column(String(128), unique=True)
    kaggle_metric: Mapped[str] = mapped_column(String(128), default="")
    direction: Mapped[str | None] = mapped_column(String(8))
    digest: Mapped[str] = mapped_column(String(80), default="")
    board_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    # What went wrong the last time; empty while all is well.
    trouble: Mapped[str] = mapped_column(String(300), default="")

    @property
    def kaggle_url(self) -> str:
        """Where one takes part."""
        return SITE + self.kaggle_slug

    def rule(self) -> Metric:
        """Whatever Kaggle measures, by its name; we only know which way is better."""
        return replace(
            METRICS["rmse"],
            name="kaggle",
            label=self.kaggle_metric or "Score at Kaggle",
            symbol="",
            direction="lower" if self.direction == "lower" else "higher",
            about="Scored at Kaggle.",
        )

    def badge_kinds(self) -> tuple[str, ...]:
        return ("competition",)


class KagglePerson(Base):
    """A member of a team at Kaggle, by user name in lower case, whether we know them or not."""

    __tablename__ = "kaggle_people"

    competition_id: Mapped[int] = mapped_column(
        ForeignKey("kaggle_competitions.id", ondelete="CASCADE"), primary_key=True
    )
    username: Mapped[str] = mapped_column(String(64), primary_key=True, index=True)
    entrant_id: Mapped[int] = mapped_column(
        ForeignKey("competition_entrants.id", ondelete="CASCADE"), index=True
    )


class KaggleLink(Base):
    """The Kaggle name that a user gives as theirs. It counts once it is verified: by an instructor, or by
    `code` in the display name at Kaggle."""

    __tablename__ = "kaggle_links"
    __table_args__ = (
        Index(None, "username"),
        Index(None, "verified_at", "user_id"),
        # Many may say so, of one it is true.
        Index(
            "uq_kaggle_links_verified",
            "username",
            unique=True,
            sqlite_where=text("verified_at IS NOT NULL"),
            postgresql_where=text("verified_at IS NOT NULL"),
        ),
    )

    user_id: Mapped[int] = mapped_column(
        ForeignKey("users.id", ondelete="CASCADE"), primary_key=True, autoincrement=False
    )
    username: Mapped[str] = mapped_column(String(64))
    code: Mapped[str] = mapped_column(String(16))
    claimed_at: Mapped[datetime] = mapped_column(UtcDateTime, default=utcnow)
    verified_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    # None for a link that its code has verified.
    verified_by: Mapped[int | None] = mapped_column(ForeignKey("users.id", ondelete="SET NULL"))

    user: Mapped[User] = relationship(foreign_keys=[user_id])
