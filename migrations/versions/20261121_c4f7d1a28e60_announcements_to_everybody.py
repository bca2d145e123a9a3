"""Announcements to everybody, and drafts of them

Revision ID: c4f7d1a28e60
Revises: 7be1f0a95c34
Create Date: 2026-11-21 21:30:00
"""

import sqlalchemy as sa
from alembic import op

revision = "c4f7d1a28e60"
down_revision = "7be1f0a95c34"
branch_labels = None
depends_on = None

TIME = sa.DateTime(timezone=True)


def upgrade() -> None:
    with op.batch_alter_table("announcements") as batch:
        batch.alter_column("cohort_id", existing_type=sa.Integer(), nullable=True)
        batch.add_column(sa.Column("published_at", TIME, nullable=True))
        batch.add_column(sa.Column("edited_at", TIME, nullable=True))
        batch.create_index(
            op.f("ix_announcements_published_at_id"), ["published_at", "id"], unique=False
        )
    op.execute("UPDATE announcements SET published_at = created_at")


def downgrade() -> None:
    # What was for everybody, and what nobody has read, had no place before.
    op.execute("DELETE FROM announcements WHERE cohort_id IS NULL OR published_at IS NULL")
    with op.batch_alter_table("announcements") as batch:
        batch.drop_index(op.f("ix_announcements_published_at_id"))
        batch.drop_column("edited_at")
        batch.drop_column("published_at")
        batch.alter_column("cohort_id", existing_type=sa.Integer(), nullable=False)
