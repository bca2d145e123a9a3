"""User names in the order of their characters

The index of `username_key` then finds beginnings too, as it does on SQLite.

Revision ID: dcab44d37d4a
Revises: 45cc59e5b7ce
Create Date: 2026-11-21 08:15:09.078118
"""

import sqlalchemy as sa
from alembic import op

revision = "dcab44d37d4a"
down_revision = "45cc59e5b7ce"
branch_labels = None
depends_on = None


def upgrade() -> None:
    _collate("C")


def downgrade() -> None:
    _collate("default")


def _collate(collation: str) -> None:
    # SQLite compares byte by byte as it is.
    if op.get_bind().dialect.name == "postgresql":
        op.alter_column(
            "users",
            "username_key",
            type_=sa.String(length=256, collation=collation),
            existing_type=sa.String(length=256),
            existing_nullable=False,
        )
