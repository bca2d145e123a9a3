"""Which attempt passed first; indexes for what the console counts

Revision ID: 5e0c7a1b93d4
Revises: 91d3b60ae7f5
Create Date: 2026-11-22 01:10:00
"""

import sqlalchemy as sa
from alembic import op

revision = "5e0c7a1b93d4"
down_revision = "91d3b60ae7f5"
branch_labels = None
depends_on = None

STUCK = sa.text("status <> 'completed' AND attempts >= 5")
INDEX = "ix_submissions_user_id_id"
PROGRESS = sa.table("progress", sa.column("user_id"), sa.column("task_id"), sa.column("passed_on"))
SUBMISSIONS = sa.table(
    "submissions",
    sa.column("user_id"),
    sa.column("task_id"),
    sa.column("attempt_no"),
    sa.column("passed", sa.Boolean()),
)


def _index(**more: list[str]) -> None:
    if op.get_bind().dialect.name == "postgresql":
        op.drop_index(INDEX, "submissions")
        op.create_index(INDEX, "submissions", ["user_id", "id"], **more)


def upgrade() -> None:
    op.add_column("progress", sa.Column("passed_on", sa.Integer(), nullable=True))
    first = (
        sa.select(sa.func.min(SUBMISSIONS.c.attempt_no))
        .where(SUBMISSIONS.c.user_id == PROGRESS.c.user_id)
        .where(SUBMISSIONS.c.task_id == PROGRESS.c.task_id, SUBMISSIONS.c.passed.is_(sa.true()))
        .scalar_subquery()
    )
    op.execute(sa.update(PROGRESS).values(passed_on=first))
    _index(postgresql_include=["task_id", "queued_at"])
    op.create_index(
        "ix_progress_stuck", "progress", ["user_id"], sqlite_where=STUCK, postgresql_where=STUCK
    )


def downgrade() -> None:
    op.drop_index("ix_progress_stuck", "progress")
    _index()
    with op.batch_alter_table("progress") as batch:
        batch.drop_column("passed_on")
