"""room for scores

Revision ID: 4d2be07c91aa
Revises: 8b2f6d4e71c9
Create Date: 2026-11-21 15:33:00.000000
"""

from alembic import op

revision = "4d2be07c91aa"
down_revision = "8b2f6d4e71c9"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # Settling writes every forecast of a match once more. Where its page has room for that, PostgreSQL touches none of
    # the indexes (a heap-only update).
    if op.get_bind().dialect.name == "postgresql":
        op.execute("ALTER TABLE forecasts SET (fillfactor = 50)")


def downgrade() -> None:
    if op.get_bind().dialect.name == "postgresql":
        op.execute("ALTER TABLE forecasts RESET (fillfactor)")
