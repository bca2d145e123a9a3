"""When tasks of every kind open and close

Revision ID: 7be1f0a95c34
Revises: f39af959f0b0
Create Date: 2026-11-21 21:10:00
"""

import sqlalchemy as sa
from alembic import op

revision = "7be1f0a95c34"
down_revision = "f39af959f0b0"
branch_labels = None
depends_on = None

TIME = sa.DateTime(timezone=True)
TASKS = sa.table("tasks", sa.column("id"), sa.column("opens_at"), sa.column("scheduled"))
QUESTS = sa.table("quests", sa.column("id"), sa.column("opens_at"), sa.column("scheduled"))


def _scheduled() -> sa.Column:
    return sa.Column("scheduled", sa.Boolean(), server_default=sa.false(), nullable=False)


def _move(to: sa.TableClause, source: sa.TableClause) -> None:
    for name in ("opens_at", "scheduled"):
        told = sa.select(source.c[name]).where(source.c.id == to.c.id).scalar_subquery()
        there = to.c.id.in_(sa.select(source.c.id))
        op.execute(sa.update(to).where(there).values({name: told}))


def upgrade() -> None:
    op.add_column("tasks", sa.Column("opens_at", TIME, nullable=True))
    op.add_column("tasks", sa.Column("closes_at", TIME, nullable=True))
    op.add_column("tasks", _scheduled())
    _move(TASKS, QUESTS)
    with op.batch_alter_table("quests") as batch:
        batch.drop_column("scheduled")
        batch.drop_column("opens_at")


def downgrade() -> None:
    op.add_column("quests", sa.Column("opens_at", TIME, nullable=True))
    op.add_column("quests", _scheduled())
    _move(QUESTS, TASKS)
    with op.batch_alter_table("tasks") as batch:
        for name in ("scheduled", "closes_at", "opens_at"):
            batch.drop_column(name)
