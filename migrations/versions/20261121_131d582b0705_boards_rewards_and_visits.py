"""Boards, rewards and visits

Revision ID: 131d582b0705
Revises: d5b9ff600ca4
Create Date: 2026-11-21 07:44:36.303729
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy import Text
from sqlalchemy.dialects import postgresql

revision = "131d582b0705"
down_revision = "d5b9ff600ca4"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "board_moments",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("board", sa.String(length=64), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("score", sa.Double(), nullable=False),
        sa.Column("sort_key", sa.Double(), nullable=False),
        sa.Column("reached_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("entered_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_board_moments_user_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_board_moments")),
    )
    with op.batch_alter_table("board_moments", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_board_moments_board_entered_at"), ["board", "entered_at"], unique=False
        )
        batch_op.create_index(batch_op.f("ix_board_moments_user_id"), ["user_id"], unique=False)

    # What is known of the past: everybody's best, since it was reached.
    op.execute(
        "INSERT INTO board_moments (board, user_id, score, sort_key, reached_at, entered_at) "
        "SELECT board, user_id, score, sort_key, reached_at, reached_at FROM board_entries "
        "WHERE user_id IS NOT NULL AND board <> 'global' AND board NOT LIKE 'weekly:%'"
    )

    op.create_table(
        "visits",
        sa.Column("user_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("rank", sa.Integer(), nullable=True),
        sa.Column("before_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("before_rank", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_visits_user_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("user_id", name=op.f("pk_visits")),
    )
    with op.batch_alter_table("badges", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_badges_condition_type_condition_value"),
            ["condition_type", "condition_value"],
            unique=False,
        )

    with op.batch_alter_table("user_badges", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_user_badges_user_id_earned_at"), ["user_id", "earned_at"], unique=False
        )

    with op.batch_alter_table("users", schema=None) as batch_op:
        batch_op.add_column(
            sa.Column("streak_shown", sa.Boolean(), server_default=sa.true(), nullable=False)
        )

    with op.batch_alter_table("verdicts", schema=None) as batch_op:
        batch_op.add_column(
            sa.Column(
                "earned",
                sa.JSON().with_variant(postgresql.JSONB(astext_type=Text()), "postgresql"),
                server_default="{}",
                nullable=False,
            )
        )


def downgrade() -> None:
    with op.batch_alter_table("verdicts", schema=None) as batch_op:
        batch_op.drop_column("earned")

    with op.batch_alter_table("users", schema=None) as batch_op:
        batch_op.drop_column("streak_shown")

    with op.batch_alter_table("user_badges", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_user_badges_user_id_earned_at"))

    with op.batch_alter_table("badges", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_badges_condition_type_condition_value"))

    op.drop_table("visits")
    with op.batch_alter_table("board_moments", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_board_moments_user_id"))
        batch_op.drop_index(batch_op.f("ix_board_moments_board_entered_at"))

    op.drop_table("board_moments")
