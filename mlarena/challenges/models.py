"""Challenges: SQL, coding and knowledge; what they ask, version by version."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import (
    JSON,
    CheckConstraint,
    ForeignKey,
    String,
    Text,
    UniqueConstraint,
    false,
    select,
)
from sqlalchemy.orm import Mapped, mapped_column, relationship

from mlarena.core.clock import utcnow
from mlarena.core.db import Base, Json, UtcDateTime, db
from mlarena.core.errors import NotFound
from mlarena.submissions.models import Submission, Task
from mlarena.submissions.verdict import Standing, Verdict

DIFFICULTIES = ("beginner", "intermediate", "advanced")
KINDS = ("sql", "coding", "knowledge")


class Category(Base):
    __tablename__ = "categories"

    id: Mapped[int] = mapped_column(primary_key=True)
    slug: Mapped[str] = mapped_column(String(64), unique=True)
    name: Mapped[str] = mapped_column(String(128))
    description: Mapped[str] = mapped_column(Text, default="")
    position: Mapped[int] = mapped_column(default=0)

    def shown(self) -> dict[str, Any]:
        return {"id": self.id, "slug": self.slug, "name": self.name}


class Challenge(Task):
    """What all three kinds have in common. `version` names the row of `challenge_versions` that holds."""

    wing = "challenge"
    of_hundred = True

    __tablename__ = "challenges"
    __table_args__: Any = (
        CheckConstraint(f"difficulty IN {DIFFICULTIES}", name="difficulty"),
        CheckConstraint("pass_mark > 0 AND pass_mark <= 100", name="pass_mark"),
    )
    __mapper_args__: Any = {"polymorphic_abstract": True, "polymorphic_load": "inline"}  # noqa: RUF012

    id: Mapped[int] = mapped_column(ForeignKey("tasks.id", ondelete="CASCADE"), primary_key=True)
    category_id: Mapped[int | None] = mapped_column(
        ForeignKey("categories.id", ondelete="SET NULL"), index=True
    )
    difficulty: Mapped[str] = mapped_column(String(16), default="beginner")
    # [{"text": "...", "cost": 0}, ...] from a nudge to nearly the answer
    hints: Mapped[list[dict[str, Any]]] = mapped_column(Json, default=list)
    editorial: Mapped[str] = mapped_column(Text, default="")
    # The score (0 to 100) that passes, and how often one may try; None: as often as one likes.
    pass_mark: Mapped[float] = mapped_column(default=100.0)
    attempts_allowed: Mapped[int | None]
    # SQL only: which engine runs it, and whether the board looks for the fastest (FE) or longest (LE).
    engine: Mapped[str | None] = mapped_column(String(16))
    ranking: Mapped[str | None] = mapped_column(String(2))
    # A draft that a worker publishes by itself, as soon as it has passed the saving checks there.
    publish_when_checked: Mapped[bool] = mapped_column(default=False, server_default=false())
    # SQL only: the version that the costs on the board were measured by. See costs.py.
    costs_version: Mapped[int] = mapped_column(default=0, server_default="0")

    category: Mapped[Category | None] = relationship(lazy="joined")
    versions: Mapped[list[ChallengeVersion]] = relationship(
        back_populates="challenge", cascade="all, delete-orphan", passive_deletes=True
    )

    @classmethod
    def credit(cls, score: float, passed: bool) -> float:
        return min(1.0, max(0.0, score / 100))

    def badge_kinds(self) -> tuple[str, ...]:
        return ("challenge", f"challenge:{self.kind}", f"challenge:{self.difficulty}")

    def grade(self, submission: Submission) -> Verdict:
        from mlarena.challenges.grader import grade  # only the worker needs what it needs

        return grade(self, submission)

    def version_row(self, number: int | None = None) -> ChallengeVersion:
        """What was asked in version `number`, or is asked now."""
        found = self._version(number or self.version)
        if found is None and number is None:
            # Somebody has saved it since we read it, and its draft made room for the next version.
            db.session.refresh(self, ["version"])
            found = self._version(self.version)
        if found is None:
            raise NotFound("This version of the challenge is not there any more.")
        return found

    def _version(self, number: int) -> ChallengeVersion | None:
        kept = ChallengeVersion.challenge_id == self.id, ChallengeVersion.number == number
        return db.session.scalars(select(ChallengeVersion).where(*kept)).one_or_none()

    def reward(self, user_id: int) -> int:
        """The points, less what this learner's hints have cost."""
        from mlarena.challenges.hints import spent

        return max(0, self.xp_reward - spent(user_id, self.id))


class SqlChallenge(Challenge):
    __mapper_args__: Any = {"polymorphic_identity": "sql", "polymorphic_load": "inline"}  # noqa: RUF012

    def standing(self, verdict: Verdict) -> Standing | None:
        """By cost relative to the reference, as measured on the benchmark case; only if accepted, and by
        the version that is asked now: costs of two versions cannot be compared."""
        ranked = verdict.report.get("ranking") if verdict.passed else None
        if not ranked or ranked.get("version") != self.version:
            return None
        direction = "higher" if self.ranking == "LE" else "lower"
        return Standing(ranked["cost"], direction, ranked["sort_key"])


class CodingChallenge(Challenge):
    __mapper_args__: Any = {"polymorphic_identity": "coding", "polymorphic_load": "inline"}  # noqa: RUF012


class KnowledgeChallenge(Challenge):
    tells_expected = False

    __mapper_args__: Any = {"polymorphic_identity": "knowledge", "polymorphic_load": "inline"}  # noqa: RUF012


class ChallengeVersion(Base):
    """What is judged, as it was saved once. Never changed: an attempt is judged by the version it was for.

    `content` is the kind's own (see `contents/`) without its cases, which are rows; `digest` names the
    whole. What the saving checks left: `prepared`, the blob that judging needs, `warnings`, and `facts` for
    the pages. `checked_at` is None for a draft.
    """

    __tablename__ = "challenge_versions"
    __table_args__ = (UniqueConstraint("challenge_id", "number"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    challenge_id: Mapped[int] = mapped_column(ForeignKey("challenges.id", ondelete="CASCADE"))
    number: Mapped[int]
    content: Mapped[dict[str, Any]] = mapped_column(JSON)
    digest: Mapped[str] = mapped_column(String(64))
    prepared: Mapped[str | None] = mapped_column(String(64))
    warnings: Mapped[list[str]] = mapped_column(JSON, default=list)
    facts: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
    checked_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    created_by: Mapped[int | None] = mapped_column(ForeignKey("users.id", ondelete="SET NULL"))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=utcnow)

    challenge: Mapped[Challenge] = relationship(back_populates="versions")
    cases: Mapped[list[Case]] = relationship(
        order_by="Case.position", cascade="all, delete-orphan", passive_deletes=True
    )


class Case(Base):
    """One test case, or one question, of one version."""

    __tablename__ = "test_cases"
    __table_args__ = (UniqueConstraint("version_id", "position"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    version_id: Mapped[int] = mapped_column(ForeignKey("challenge_versions.id", ondelete="CASCADE"))
    position: Mapped[int]
    is_visible: Mapped[bool] = mapped_column(default=False)
    weight: Mapped[int] = mapped_column(default=1)
    # sql: {"data": ...}; coding: {"args": [...], "expected": ...}; knowledge: the question.
    # Plain JSON, not PostgreSQL's binary one, which puts the keys of an argument in another order.
    content: Mapped[dict[str, Any]] = mapped_column(JSON)


class HintReveal(Base):
    """A hint that a learner has opened, and what it cost them at that time."""

    __tablename__ = "hint_reveals"

    user_id: Mapped[int] = mapped_column(
        ForeignKey("users.id", ondelete="CASCADE"), primary_key=True
    )
    challenge_id: Mapped[int] = mapped_column(
        ForeignKey("challenges.id", ondelete="CASCADE"), primary_key=True, index=True
    )
    number: Mapped[int] = mapped_column(primary_key=True)
    cost: Mapped[int] = mapped_column(default=0)
    revealed_at: Mapped[datetime] = mapped_column(UtcDateTime, default=utcnow)
