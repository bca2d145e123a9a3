"""Challenges that are published when a worker has checked them

Revision ID: 3f0c2a91be55
Revises: 74e7347aa70c
Create Date: 2026-11-21 11:10:00
"""

import sqlalchemy as sa
from alembic import op

revision = "3f0c2a91be55"
down_revision = "74e7347aa70c"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("challenges") as batch:
        batch.add_column(
            sa.Column(
                "publish_when_checked", sa.Boolean(), server_default=sa.false(), nullable=False
            )
        )


def downgrade() -> None:
    with op.batch_alter_table("challenges") as batch:
        batch.drop_column("publish_when_checked")
