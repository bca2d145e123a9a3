"""job events: one outbox in one order

Revision ID: a61d0c7be3f2
Revises: a3d1f07be452
Create Date: 2026-11-21 17:45:00.000000
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "a61d0c7be3f2"
down_revision = "a3d1f07be452"
branch_labels = None
depends_on = None

JSON = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")


def upgrade() -> None:
    op.create_table(
        "job_events",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=40), nullable=False),
        sa.Column("submission_id", sa.Integer(), nullable=False),
        sa.Column("type", sa.String(length=16), nullable=False),
        sa.Column("round", sa.Integer(), nullable=False),
        sa.Column("payload", JSON, nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("position", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(
            ["submission_id"],
            ["submissions.id"],
            name=op.f("fk_job_events_submission_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_job_events")),
        sa.UniqueConstraint(
            "submission_id", "type", "round", name=op.f("uq_job_events_submission_id_type_round")
        ),
        sa.UniqueConstraint("position", name=op.f("uq_job_events_position")),
        sqlite_autoincrement=True,
    )
    op.create_index(
        "ix_job_events_open",
        "job_events",
        ["id"],
        sqlite_where=sa.text("position IS NULL"),
        postgresql_where=sa.text("position IS NULL"),
    )
    # What was published keeps a place in the order; what was not gets one when it is drained.
    op.execute(
        "INSERT INTO job_events (id, name, submission_id, type, round, payload, created_at, position) "
        "SELECT id, 'evt_' || id, submission_id, 'job-completed', 0, payload, created_at, "
        "CASE WHEN published_at IS NULL THEN NULL ELSE id END FROM completion_events"
    )
    if op.get_bind().dialect.name == "postgresql":
        op.execute(
            "SELECT setval(pg_get_serial_sequence('job_events', 'id'), max(id)) FROM job_events "
            "HAVING max(id) IS NOT NULL"
        )
    op.drop_table("completion_events")


def downgrade() -> None:
    op.create_table(
        "completion_events",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("submission_id", sa.Integer(), nullable=False),
        sa.Column("payload", JSON, nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("published_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["submission_id"],
            ["submissions.id"],
            name=op.f("fk_completion_events_submission_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_completion_events")),
        sa.UniqueConstraint("submission_id", name=op.f("uq_completion_events_submission_id")),
    )
    op.create_index(
        "ix_completion_events_open",
        "completion_events",
        ["id"],
        sqlite_where=sa.text("published_at IS NULL"),
        postgresql_where=sa.text("published_at IS NULL"),
    )
    op.execute(
        "INSERT INTO completion_events (id, submission_id, payload, created_at, published_at) "
        "SELECT id, submission_id, payload, created_at, "
        "CASE WHEN position IS NULL THEN NULL ELSE created_at END FROM job_events AS one "
        "WHERE type = 'job-completed' AND round = (SELECT max(round) FROM job_events "
        "WHERE submission_id = one.submission_id AND type = 'job-completed')"
    )
    if op.get_bind().dialect.name == "postgresql":
        op.execute(
            "SELECT setval(pg_get_serial_sequence('completion_events', 'id'), max(id)) "
            "FROM completion_events HAVING max(id) IS NOT NULL"
        )
    op.drop_table("job_events")
