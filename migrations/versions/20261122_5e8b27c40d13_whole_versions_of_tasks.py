"""Whole versions of tasks, to be restored

Revision ID: 5e8b27c40d13
Revises: 5e0c7a1b93d4
Create Date: 2026-11-22 00:40:00
"""

import sqlalchemy as sa
from alembic import op

revision = "5e8b27c40d13"
down_revision = "5e0c7a1b93d4"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("task_revisions") as batch:
        batch.add_column(sa.Column("whole", sa.Text(), nullable=True))


def downgrade() -> None:
    with op.batch_alter_table("task_revisions") as batch:
        batch.drop_column("whole")
