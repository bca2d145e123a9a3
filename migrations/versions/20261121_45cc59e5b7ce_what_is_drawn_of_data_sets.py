"""What is drawn of data sets

Revision ID: 45cc59e5b7ce
Revises: 1dad6e51adbd
Create Date: 2026-11-21 08:06:06.910379
"""

import sqlalchemy as sa
from alembic import op

revision = "45cc59e5b7ce"
down_revision = "1dad6e51adbd"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("datasets") as batch_op:
        batch_op.add_column(
            sa.Column("source", sa.String(length=200), server_default="", nullable=False)
        )
        batch_op.add_column(sa.Column("preview_blob", sa.String(length=64), nullable=True))
        batch_op.add_column(sa.Column("sample_joblib_blob", sa.String(length=64), nullable=True))
        batch_op.add_column(sa.Column("sample_skops_blob", sa.String(length=64), nullable=True))
        batch_op.add_column(sa.Column("derived_with", sa.String(length=128), nullable=True))


def downgrade() -> None:
    with op.batch_alter_table("datasets") as batch_op:
        batch_op.drop_column("derived_with")
        batch_op.drop_column("sample_skops_blob")
        batch_op.drop_column("sample_joblib_blob")
        batch_op.drop_column("preview_blob")
        batch_op.drop_column("source")
