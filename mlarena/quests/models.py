"""Quests: train a model, upload it, see it scored on data nobody has seen."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, String, Text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from mlarena.core.db import Base, Json, UtcDateTime
from mlarena.rewards.models import Level
from mlarena.scoring.metrics import METRICS, Metric
from mlarena.submissions.models import Submission, Task
from mlarena.submissions.queues import EVALUATIONS, TRAININGS
from mlarena.submissions.verdict import Verdict


class Dataset(Base):
    """A data set at rest. The public parts are what the page gives out; the hidden ones never leave.

    `hidden_features_blob` goes into the jail, `hidden_target_blob` only to the grader outside it.
    """

    __tablename__ = "datasets"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(64), unique=True)
    title: Mapped[str] = mapped_column(String(128))
    description: Mapped[str] = mapped_column(Text, default="")
    licence: Mapped[str] = mapped_column(String(200), default="")
    source: Mapped[str] = mapped_column(String(200), default="", server_default="")
    target: Mapped[str | None] = mapped_column(String(64))
    # [{"name": "rooms", "dtype": "float"}, ...], the features in the order of the download
    columns: Mapped[list[dict[str, Any]]] = mapped_column(Json)
    rows: Mapped[int]
    hidden_rows: Mapped[int]
    train_blob: Mapped[str] = mapped_column(String(64))
    sample_blob: Mapped[str] = mapped_column(String(64))
    hidden_features_blob: Mapped[str] = mapped_column(String(64))
    hidden_target_blob: Mapped[str] = mapped_column(String(64))
    # Made of the training rows alone (derived.py), and by what; None until it is made.
    preview_blob: Mapped[str | None] = mapped_column(String(64))
    sample_joblib_blob: Mapped[str | None] = mapped_column(String(64))
    sample_skops_blob: Mapped[str | None] = mapped_column(String(64))
    derived_with: Mapped[str | None] = mapped_column(String(128))
    # How an instructor's data was cut (desk/cutting.py); None for the data sets of the house.
    cut: Mapped[dict[str, Any] | None] = mapped_column(Json)
    # The hidden rows as a file, kept apart until its author has had it or the quest is published.
    hidden_once: Mapped[str | None] = mapped_column(String(64))
    hidden_shown_at: Mapped[datetime | None] = mapped_column(UtcDateTime)

    def shown(self) -> dict[str, Any]:
        return {
            "name": self.name,
            "title": self.title,
            "target": self.target,
            "features": self.columns,
            "rows": self.rows,
            "licence": self.licence,
            "source": self.source,
        }


class Quest(Task):
    wing = "quest"

    __tablename__ = "quests"
    __mapper_args__: Any = {"polymorphic_identity": "quest", "polymorphic_load": "inline"}  # noqa: RUF012

    id: Mapped[int] = mapped_column(ForeignKey("tasks.id", ondelete="CASCADE"), primary_key=True)
    level_id: Mapped[int] = mapped_column(ForeignKey("levels.id"), index=True)
    dataset_id: Mapped[int] = mapped_column(ForeignKey("datasets.id"), index=True)
    task_type: Mapped[str] = mapped_column(String(32))
    metric: Mapped[str] = mapped_column(String(32))
    threshold: Mapped[float]
    starter_code: Mapped[str] = mapped_column(Text, default="")
    hints: Mapped[list[str]] = mapped_column(Json, default=list)
    # submissions_per_day, upload_mb, wall_seconds, memory_mb; what is not there is the installation's
    limits: Mapped[dict[str, Any]] = mapped_column(Json, default=dict)
    # What an instructor shows that the quest can be passed with. Learners never see it.
    reference_code: Mapped[str] = mapped_column(Text, default="", server_default="")
    # What the reference and a dummy got, and under which `judged` stamp (desk/checking.py).
    checked: Mapped[dict[str, Any] | None] = mapped_column(Json)

    level: Mapped[Level] = relationship(lazy="joined")
    dataset: Mapped[Dataset] = relationship(lazy="joined")

    def rule(self) -> Metric:
        """The entry of the metrics table that judges this quest."""
        return METRICS[self.metric]

    def queue(self, payload: dict[str, Any]) -> str:
        return TRAININGS if "code" in payload else EVALUATIONS

    def cancelled(self, submission: Submission) -> Verdict:
        from mlarena.quests import training

        if "code" in submission.payload:
            return training.cancelled(self, submission)
        return super().cancelled(submission)

    def board_direction(self) -> str:
        return self.rule().direction

    def released(self) -> None:
        from mlarena.quests.desk.writing import shown_no_more

        shown_no_more(self.dataset)

    def badge_kinds(self) -> tuple[str, ...]:
        return ("quest", f"quest:{self.task_type}")

    def grade(self, submission: Submission) -> Verdict:
        from mlarena.quests.grader import grade  # the grader needs numpy; the web process does not

        return grade(self, submission)
