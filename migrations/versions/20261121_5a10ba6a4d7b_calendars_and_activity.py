"""Calendars and activity

Revision ID: 5a10ba6a4d7b
Revises: 5b1c9e07d2aa
Create Date: 2026-11-21 18:18:48.461911
"""

import sqlalchemy as sa
from alembic import op


revision = "5a10ba6a4d7b"
down_revision = "5b1c9e07d2aa"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "calendar_links",
        sa.Column("user_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("secret_hash", sa.String(length=64), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_calendar_links_user_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("user_id", name=op.f("pk_calendar_links")),
        sa.UniqueConstraint("secret_hash", name=op.f("uq_calendar_links_secret_hash")),
    )
    op.create_table(
        "public_events",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("about", sa.String(length=64), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=True),
        sa.Column("title", sa.String(length=200), nullable=False),
        sa.Column("link", sa.String(length=200), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("told_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_public_events_user_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_public_events")),
        sa.UniqueConstraint("about", name=op.f("uq_public_events_about")),
    )
    with op.batch_alter_table("public_events", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_public_events_at_id"), ["at", "id"], unique=False)
        batch_op.create_index(
            "ix_public_events_untold",
            ["id"],
            unique=False,
            sqlite_where=sa.text("told_at IS NULL"),
            postgresql_where=sa.text("told_at IS NULL"),
        )
        batch_op.create_index(
            batch_op.f("ix_public_events_user_id_at"), ["user_id", "at"], unique=False
        )

    with op.batch_alter_table("learner_totals", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_learner_totals_last_active_day"), ["last_active_day"], unique=False
        )

    with op.batch_alter_table("users", schema=None) as batch_op:
        batch_op.add_column(
            sa.Column("activity_shown", sa.Boolean(), server_default=sa.true(), nullable=False)
        )


def downgrade() -> None:
    with op.batch_alter_table("users", schema=None) as batch_op:
        batch_op.drop_column("activity_shown")

    with op.batch_alter_table("learner_totals", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_learner_totals_last_active_day"))

    with op.batch_alter_table("public_events", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_public_events_user_id_at"))
        batch_op.drop_index(
            "ix_public_events_untold",
            sqlite_where=sa.text("told_at IS NULL"),
            postgresql_where=sa.text("told_at IS NULL"),
        )
        batch_op.drop_index(batch_op.f("ix_public_events_at_id"))

    op.drop_table("public_events")
    op.drop_table("calendar_links")
