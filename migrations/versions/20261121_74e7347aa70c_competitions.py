"""competitions

Revision ID: 74e7347aa70c
Revises: 7bd224b2ac6f
Create Date: 2026-11-21 09:03:30.042697
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy import Text
from sqlalchemy.dialects import postgresql

revision = "74e7347aa70c"
down_revision = "7bd224b2ac6f"
branch_labels = None
depends_on = None


def upgrade() -> None:

    op.create_table(
        "ratings",
        sa.Column("user_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("rating", sa.Double(), nullable=False),
        sa.Column("games", sa.Integer(), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_ratings_user_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("user_id", name=op.f("pk_ratings")),
    )
    op.create_table(
        "competitions",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("starts_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ends_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("rated", sa.Boolean(), nullable=False),
        sa.Column("data_page", sa.Text(), nullable=False),
        sa.Column("rules_page", sa.Text(), nullable=False),
        sa.Column("evaluation_page", sa.Text(), nullable=False),
        sa.Column("metric", sa.String(length=32), nullable=True),
        sa.Column("answers_blob", sa.String(length=64), nullable=True),
        sa.Column("sample_blob", sa.String(length=64), nullable=True),
        sa.Column(
            "facts",
            sa.JSON().with_variant(postgresql.JSONB(astext_type=Text()), "postgresql"),
            nullable=False,
        ),
        sa.Column("public_share", sa.Double(), nullable=False),
        sa.Column("daily_limit", sa.Integer(), nullable=False),
        sa.Column("failed_limit", sa.Integer(), nullable=False),
        sa.Column("team_size", sa.Integer(), nullable=False),
        sa.Column("teams_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ladder_step", sa.Double(), nullable=True),
        sa.Column("upload_mb", sa.Integer(), nullable=True),
        sa.CheckConstraint("starts_at < ends_at", name=op.f("ck_competitions_dates")),
        sa.ForeignKeyConstraint(
            ["id"], ["tasks.id"], name=op.f("fk_competitions_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_competitions")),
    )
    with op.batch_alter_table("competitions", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_competitions_ends_at"), ["ends_at"], unique=False)

    op.create_table(
        "competition_entrants",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("competition_id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=64), nullable=True),
        sa.Column("house", sa.Boolean(), nullable=False),
        sa.Column("invite", sa.String(length=16), nullable=True),
        sa.Column("kaggle_team", sa.String(length=32), nullable=True),
        sa.Column("hidden", sa.Boolean(), nullable=False),
        sa.Column("entries", sa.Integer(), nullable=False),
        sa.Column("score", sa.Double(), nullable=True),
        sa.Column("sort_key", sa.Double(), nullable=True),
        sa.Column("reached_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("final_score", sa.Double(), nullable=True),
        sa.Column("final_key", sa.Double(), nullable=True),
        sa.Column("final_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("final_rank", sa.Integer(), nullable=True),
        sa.Column("public_rank", sa.Integer(), nullable=True),
        sa.Column(
            "track",
            sa.JSON().with_variant(postgresql.JSONB(astext_type=Text()), "postgresql"),
            nullable=False,
        ),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["competition_id"],
            ["competitions.id"],
            name=op.f("fk_competition_entrants_competition_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_competition_entrants")),
        sa.UniqueConstraint(
            "competition_id",
            "kaggle_team",
            name=op.f("uq_competition_entrants_competition_id_kaggle_team"),
        ),
        sa.UniqueConstraint(
            "competition_id", "name", name=op.f("uq_competition_entrants_competition_id_name")
        ),
        sa.UniqueConstraint("invite", name=op.f("uq_competition_entrants_invite")),
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("competition_entrants", schema=None) as batch_op:
        batch_op.create_index(
            "ix_competition_entrants_final",
            ["competition_id", "hidden", "final_key", "final_at", "id"],
            unique=False,
        )
        batch_op.create_index(
            "ix_competition_entrants_public",
            ["competition_id", "hidden", "sort_key", "reached_at", "id"],
            unique=False,
        )

    op.create_table(
        "competition_files",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("competition_id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=128), nullable=False),
        sa.Column("note", sa.String(length=300), nullable=False),
        sa.Column("blob", sa.String(length=64), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["competition_id"],
            ["competitions.id"],
            name=op.f("fk_competition_files_competition_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_competition_files")),
        sa.UniqueConstraint(
            "competition_id", "name", name=op.f("uq_competition_files_competition_id_name")
        ),
    )
    op.create_table(
        "rating_changes",
        sa.Column("competition_id", sa.Integer(), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("rank", sa.Integer(), nullable=False),
        sa.Column("field", sa.Integer(), nullable=False),
        sa.Column("games", sa.Integer(), nullable=False),
        sa.Column("before", sa.Double(), nullable=False),
        sa.Column("after", sa.Double(), nullable=False),
        sa.ForeignKeyConstraint(
            ["competition_id"],
            ["competitions.id"],
            name=op.f("fk_rating_changes_competition_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_rating_changes_user_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("competition_id", "user_id", name=op.f("pk_rating_changes")),
    )
    with op.batch_alter_table("rating_changes", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_rating_changes_user_id_at"), ["user_id", "at"], unique=False
        )

    op.create_table(
        "competition_entries",
        sa.Column("submission_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("entrant_id", sa.Integer(), nullable=False),
        sa.Column("public_score", sa.Double(), nullable=False),
        sa.Column("private_score", sa.Double(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("late", sa.Boolean(), nullable=False),
        sa.Column("selected", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(
            ["entrant_id"],
            ["competition_entrants.id"],
            name=op.f("fk_competition_entries_entrant_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["submission_id"],
            ["submissions.id"],
            name=op.f("fk_competition_entries_submission_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("submission_id", name=op.f("pk_competition_entries")),
    )
    with op.batch_alter_table("competition_entries", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_competition_entries_entrant_id_submission_id"),
            ["entrant_id", "submission_id"],
            unique=False,
        )

    op.create_table(
        "competition_members",
        sa.Column("competition_id", sa.Integer(), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("entrant_id", sa.Integer(), nullable=False),
        sa.Column("joined_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["competition_id"],
            ["competitions.id"],
            name=op.f("fk_competition_members_competition_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["entrant_id"],
            ["competition_entrants.id"],
            name=op.f("fk_competition_members_entrant_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["user_id"],
            ["users.id"],
            name=op.f("fk_competition_members_user_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("competition_id", "user_id", name=op.f("pk_competition_members")),
    )
    with op.batch_alter_table("competition_members", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_competition_members_entrant_id"), ["entrant_id"], unique=False
        )
        batch_op.create_index(
            batch_op.f("ix_competition_members_user_id"), ["user_id"], unique=False
        )


def downgrade() -> None:

    with op.batch_alter_table("competition_members", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_competition_members_user_id"))
        batch_op.drop_index(batch_op.f("ix_competition_members_entrant_id"))

    op.drop_table("competition_members")
    with op.batch_alter_table("competition_entries", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_competition_entries_entrant_id_submission_id"))

    op.drop_table("competition_entries")
    with op.batch_alter_table("rating_changes", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_rating_changes_user_id_at"))

    op.drop_table("rating_changes")
    op.drop_table("competition_files")
    with op.batch_alter_table("competition_entrants", schema=None) as batch_op:
        batch_op.drop_index("ix_competition_entrants_public")
        batch_op.drop_index("ix_competition_entrants_final")

    op.drop_table("competition_entrants")
    with op.batch_alter_table("competitions", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_competitions_ends_at"))

    op.drop_table("competitions")
    op.drop_table("ratings")
