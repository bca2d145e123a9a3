"""The wing's tables: competitions, who takes part, what they handed in, and what it did to their ratings."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any, ClassVar

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from mlarena.accounts.models import User
from mlarena.core.clock import utcnow
from mlarena.core.db import Base, Json, UtcDateTime
from mlarena.scoring.metrics import METRICS, Metric
from mlarena.submissions.models import Submission, Task
from mlarena.submissions.queues import EVALUATIONS

if TYPE_CHECKING:
    from mlarena.submissions.verdict import Conclusion, Verdict

PHASES = ("upcoming", "ongoing", "completed")


class Competition(Task):
    """What a hosted competition and one that is mirrored from Kaggle have in common.

    `description` is the overview. `finished_at` is when the end was carried out: from then on the private
    board is the board, and nothing on it changes but by a rescore.
    """

    wing = "competition"
    has_a_bar = False
    hosted: ClassVar[bool] = False

    __tablename__ = "competitions"
    __table_args__: Any = (
        CheckConstraint("starts_at < ends_at", name="dates"),
        Index(None, "ends_at"),
    )
    __mapper_args__: Any = {"polymorphic_abstract": True, "polymorphic_load": "inline"}  # noqa: RUF012

    id: Mapped[int] = mapped_column(ForeignKey("tasks.id", ondelete="CASCADE"), primary_key=True)
    starts_at: Mapped[datetime] = mapped_column(UtcDateTime)
    ends_at: Mapped[datetime] = mapped_column(UtcDateTime)
    finished_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    rated: Mapped[bool] = mapped_column(default=True)
    data_page: Mapped[str] = mapped_column(Text, default="")
    rules_page: Mapped[str] = mapped_column(Text, default="")
    evaluation_page: Mapped[str] = mapped_column(Text, default="")
    metric: Mapped[str | None] = mapped_column(String(32))
    # The answer file as it was checked, with a column Usage in any case, and the sample submission.
    answers_blob: Mapped[str | None] = mapped_column(String(64))
    sample_blob: Mapped[str | None] = mapped_column(String(64))
    # What the check found: {"rows", "public", "private", "columns", "targets", "labels"}
    facts: Mapped[dict[str, Any]] = mapped_column(Json, default=dict)
    public_share: Mapped[float] = mapped_column(default=0.3)
    daily_limit: Mapped[int] = mapped_column(default=5)
    failed_limit: Mapped[int] = mapped_column(default=20)
    team_size: Mapped[int] = mapped_column(default=1)
    # Until when teams may form and merge; None: until the end.
    teams_until: Mapped[datetime | None] = mapped_column(UtcDateTime)
    # The Ladder's step; None: the public board shows every score exactly.
    ladder_step: Mapped[float | None]
    upload_mb: Mapped[int | None]

    files: Mapped[list[CompetitionFile]] = relationship(
        order_by="CompetitionFile.position, CompetitionFile.id", passive_deletes=True
    )

    def phase(self, now: datetime | None = None) -> str:
        """Where its time stands: "upcoming", "ongoing" or "completed"."""
        now = now or utcnow()
        if now < self.starts_at:
            return "upcoming"
        return "ongoing" if now < self.ends_at else "completed"

    @property
    def kaggle_url(self) -> str | None:
        """Where it is held, if that is not here."""
        return None

    @property
    def revealed(self) -> bool:
        """Whether the private board is there to be seen."""
        return self.finished_at is not None

    def rule(self) -> Metric:
        return METRICS[self.metric or "accuracy"]

    def board_direction(self) -> str:
        return self.rule().direction

    def badge_kinds(self) -> tuple[str, ...]:
        return ("competition",)


class HostedCompetition(Competition):
    """Predictions are handed in here and scored on answers that nobody sees."""

    hosted = True
    __mapper_args__: Any = {"polymorphic_identity": "competition", "polymorphic_load": "inline"}  # noqa: RUF012

    def queue(self, payload: dict[str, Any]) -> str:
        return EVALUATIONS

    def admit(self, user_id: int) -> None:
        from mlarena.competitions.limits import admit

        admit(self, user_id)

    def grade(self, submission: Submission) -> Verdict:
        from mlarena.competitions.grader import grade  # pandas; the web process does without

        return grade(self, submission)

    def conclude(self, submission: Submission, verdict: Verdict) -> Conclusion:
        from mlarena.competitions.entries import conclude

        return conclude(self, submission, verdict)

    def standing(self, verdict: Verdict) -> None:
        """The wing keeps its boards itself: a row is an entrant, which may be a team."""

    def shares(self, submission: Submission, viewer: User) -> bool:
        from mlarena.competitions.teams import are_together

        return are_together(self.id, submission.user_id, viewer.id)


class CompetitionFile(Base):
    """A file of the data page."""

    __tablename__ = "competition_files"
    __table_args__ = (UniqueConstraint("competition_id", "name"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    competition_id: Mapped[int] = mapped_column(ForeignKey("competitions.id", ondelete="CASCADE"))
    name: Mapped[str] = mapped_column(String(128))
    note: Mapped[str] = mapped_column(String(300), default="")
    blob: Mapped[str] = mapped_column(String(64))
    size: Mapped[int]
    position: Mapped[int] = mapped_column(default=0)


class Entrant(Base):
    """One row of a competition's board: a person, a team, a house baseline, or a team at Kaggle.

    `sort_key` is the best public score with its sign turned where higher is better; None while there is
    none. `final_*` are written when the competition is finished: the chosen submission and its rank.
    `track` is where the entrant stood over time: [[minutes since the start, rank], …].
    """

    __tablename__ = "competition_entrants"
    __table_args__ = (
        UniqueConstraint("competition_id", "name"),
        UniqueConstraint("competition_id", "kaggle_team"),
        # A page of the board before the end is a stretch of the one, after it of the other.
        Index(
            "ix_competition_entrants_public",
            "competition_id", "hidden", "sort_key", "reached_at", "id",
        ),
        Index(
            "ix_competition_entrants_final",
            "competition_id", "hidden", "final_key", "final_at", "id",
        ),
        # Boards remember rows by their id.
        {"sqlite_autoincrement": True},
    )  # fmt: skip

    id: Mapped[int] = mapped_column(primary_key=True)
    competition_id: Mapped[int] = mapped_column(ForeignKey("competitions.id", ondelete="CASCADE"))
    # A team's, a baseline's or a stranger's name; None for a person who stands there alone.
    name: Mapped[str | None] = mapped_column(String(64))
    house: Mapped[bool] = mapped_column(default=False)
    invite: Mapped[str | None] = mapped_column(String(16), unique=True)
    kaggle_team: Mapped[str | None] = mapped_column(String(32))
    hidden: Mapped[bool] = mapped_column(default=False)
    entries: Mapped[int] = mapped_column(default=0)
    score: Mapped[float | None]
    sort_key: Mapped[float | None]
    reached_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    final_score: Mapped[float | None]
    final_key: Mapped[float | None]
    final_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    final_rank: Mapped[int | None]
    public_rank: Mapped[int | None]
    track: Mapped[list[list[int]]] = mapped_column(Json, default=list)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=utcnow)

    members: Mapped[list[Member]] = relationship(
        back_populates="entrant",
        order_by="Member.joined_at, Member.user_id",
        passive_deletes=True,
    )


class Member(Base):
    """Who takes part, and as whom. A user is once in a competition."""

    __tablename__ = "competition_members"

    competition_id: Mapped[int] = mapped_column(
        ForeignKey("competitions.id", ondelete="CASCADE"), primary_key=True
    )
    user_id: Mapped[int] = mapped_column(
        ForeignKey("users.id", ondelete="CASCADE"), primary_key=True, index=True
    )
    entrant_id: Mapped[int] = mapped_column(
        ForeignKey("competition_entrants.id", ondelete="CASCADE"), index=True
    )
    joined_at: Mapped[datetime] = mapped_column(UtcDateTime, default=utcnow)

    user: Mapped[User] = relationship()
    entrant: Mapped[Entrant] = relationship(back_populates="members")


class Entry(Base):
    """What a submission is worth. `private_score` is read by the end of the competition and by nothing
    before it. `public_score` is exact; what the board shows of it, with a Ladder, is the submission's own
    `score`. `version` is that of the answers it was scored on."""

    __tablename__ = "competition_entries"
    __table_args__ = (Index(None, "entrant_id", "submission_id"),)

    submission_id: Mapped[int] = mapped_column(
        ForeignKey("submissions.id", ondelete="CASCADE"), primary_key=True, autoincrement=False
    )
    entrant_id: Mapped[int] = mapped_column(
        ForeignKey("competition_entrants.id", ondelete="CASCADE")
    )
    public_score: Mapped[float]
    private_score: Mapped[float | None]
    version: Mapped[int]
    late: Mapped[bool] = mapped_column(default=False)
    selected: Mapped[bool] = mapped_column(default=False)

    submission: Mapped[Submission] = relationship()


class RatingChange(Base):
    """What one competition did to one user's rating. Made again from the start whenever the past changes."""

    __tablename__ = "rating_changes"
    __table_args__ = (Index(None, "user_id", "at"),)

    competition_id: Mapped[int] = mapped_column(
        ForeignKey("competitions.id", ondelete="CASCADE"), primary_key=True
    )
    user_id: Mapped[int] = mapped_column(
        ForeignKey("users.id", ondelete="CASCADE"), primary_key=True
    )
    at: Mapped[datetime] = mapped_column(UtcDateTime)
    rank: Mapped[int]
    field: Mapped[int]
    games: Mapped[int]
    before: Mapped[float]
    after: Mapped[float]

    user: Mapped[User] = relationship()
    competition: Mapped[Competition] = relationship()


class Rating(Base):
    """A user's rating as it stands: the last of their changes."""

    __tablename__ = "ratings"

    user_id: Mapped[int] = mapped_column(
        ForeignKey("users.id", ondelete="CASCADE"), primary_key=True, autoincrement=False
    )
    rating: Mapped[float]
    games: Mapped[int]
    changed_at: Mapped[datetime] = mapped_column(UtcDateTime)

    user: Mapped[User] = relationship()
