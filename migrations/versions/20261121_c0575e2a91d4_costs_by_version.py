"""Costs on SQL boards by version

Revision ID: c0575e2a91d4
Revises: 3f0c2a91be55
Create Date: 2026-11-21 11:10:00
"""

import sqlalchemy as sa
from alembic import op

revision = "c0575e2a91d4"
down_revision = "3f0c2a91be55"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("challenges", schema=None) as batch_op:
        batch_op.add_column(
            sa.Column("costs_version", sa.Integer(), nullable=False, server_default="0")
        )
    # A challenge that was never edited stands by its only version; the others are measured anew, by the clock.
    op.execute(
        "UPDATE challenges SET costs_version = (SELECT version FROM tasks WHERE tasks.id = challenges.id) "
        "WHERE NOT EXISTS (SELECT 1 FROM challenge_versions WHERE challenge_id = challenges.id AND number > 1)"
    )


def downgrade() -> None:
    with op.batch_alter_table("challenges", schema=None) as batch_op:
        batch_op.drop_column("costs_version")
