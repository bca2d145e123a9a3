"""When tasks were published

Revision ID: 7bd224b2ac6f
Revises: dcab44d37d4a
Create Date: 2026-11-21 08:19:48.090465
"""

import sqlalchemy as sa
from alembic import op

revision = "7bd224b2ac6f"
down_revision = "dcab44d37d4a"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("tasks", schema=None) as batch_op:
        batch_op.add_column(sa.Column("published_at", sa.DateTime(timezone=True), nullable=True))
        batch_op.create_index(batch_op.f("ix_tasks_published_at"), ["published_at"], unique=False)
    op.execute("UPDATE tasks SET published_at = created_at WHERE status = 'published'")


def downgrade() -> None:
    with op.batch_alter_table("tasks", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_tasks_published_at"))
        batch_op.drop_column("published_at")
