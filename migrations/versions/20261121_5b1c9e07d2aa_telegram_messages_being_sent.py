"""Telegram's messages that are being sent

Revision ID: 5b1c9e07d2aa
Revises: e3b5d90f4a17
Create Date: 2026-11-21 18:25:00.000000
"""

import sqlalchemy as sa
from alembic import op

revision = "5b1c9e07d2aa"
down_revision = "e3b5d90f4a17"
branch_labels = None
depends_on = None

LEASED = sa.text("done_at IS NULL AND lease_until IS NOT NULL")


def upgrade() -> None:
    with op.batch_alter_table("telegram_messages") as batch_op:
        batch_op.create_index(
            "ix_telegram_messages_leased",
            ["chat_id"],
            sqlite_where=LEASED,
            postgresql_where=LEASED,
        )


def downgrade() -> None:
    with op.batch_alter_table("telegram_messages") as batch_op:
        batch_op.drop_index(
            "ix_telegram_messages_leased", sqlite_where=LEASED, postgresql_where=LEASED
        )
