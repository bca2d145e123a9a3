"""Submissions of the house

A baseline is a submission without a user.

Revision ID: 6c4a75aacbf0
Revises: 131d582b0705
Create Date: 2026-11-21 07:46:05.009079
"""

import sqlalchemy as sa
from alembic import op

revision = "6c4a75aacbf0"
down_revision = "131d582b0705"
branch_labels = None
depends_on = None

# SQLite copies the table, and does not see this by looking at the old one.
COPY = {"table_kwargs": {"sqlite_autoincrement": True}}


def upgrade() -> None:
    with op.batch_alter_table("submissions", **COPY) as batch_op:
        batch_op.add_column(sa.Column("house", sa.String(length=64), nullable=True))
        batch_op.alter_column("user_id", existing_type=sa.Integer(), nullable=True)
        batch_op.create_check_constraint(
            batch_op.f("ck_submissions_whose"), "(user_id IS NULL) <> (house IS NULL)"
        )
        batch_op.create_index(
            "uq_submissions_house",
            ["task_id", "house", "attempt_no"],
            unique=True,
            sqlite_where=sa.text("house IS NOT NULL"),
            postgresql_where=sa.text("house IS NOT NULL"),
        )


def downgrade() -> None:
    # Nobody's submissions have no place in the table as it was. SQLite cascades nothing in a migration.
    op.execute(
        "DELETE FROM verdicts WHERE submission_id IN"
        " (SELECT id FROM submissions WHERE user_id IS NULL)"
    )
    op.execute("DELETE FROM submissions WHERE user_id IS NULL")
    with op.batch_alter_table("submissions", **COPY) as batch_op:
        batch_op.drop_constraint(batch_op.f("ck_submissions_whose"), type_="check")
        batch_op.drop_index("uq_submissions_house")
        batch_op.alter_column("user_id", existing_type=sa.Integer(), nullable=False)
        batch_op.drop_column("house")
