"""Quests that instructors write: how their data was cut, their reference, when they open

Revision ID: a4d81c6b2f07
Revises: a61d0c7be3f2
Create Date: 2026-11-21 17:45:00
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy import Text
from sqlalchemy.dialects import postgresql

revision = "a4d81c6b2f07"
down_revision = "a61d0c7be3f2"
branch_labels = None
depends_on = None

JSON = sa.JSON().with_variant(postgresql.JSONB(astext_type=Text()), "postgresql")
TIME = sa.DateTime(timezone=True)


def upgrade() -> None:
    with op.batch_alter_table("datasets") as batch:
        batch.add_column(sa.Column("cut", JSON, nullable=True))
        batch.add_column(sa.Column("hidden_once", sa.String(64), nullable=True))
        batch.add_column(sa.Column("hidden_shown_at", TIME, nullable=True))
    with op.batch_alter_table("quests") as batch:
        batch.add_column(sa.Column("reference_code", sa.Text(), server_default="", nullable=False))
        batch.add_column(sa.Column("checked", JSON, nullable=True))
        batch.add_column(sa.Column("opens_at", TIME, nullable=True))
        batch.add_column(
            sa.Column("scheduled", sa.Boolean(), server_default=sa.false(), nullable=False)
        )


def downgrade() -> None:
    with op.batch_alter_table("quests") as batch:
        for name in ("scheduled", "opens_at", "checked", "reference_code"):
            batch.drop_column(name)
    with op.batch_alter_table("datasets") as batch:
        for name in ("hidden_shown_at", "hidden_once", "cut"):
            batch.drop_column(name)
