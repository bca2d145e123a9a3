"""kaggle

Revision ID: 9f1c3ad27b40
Revises: c0575e2a91d4
Create Date: 2026-11-21 11:10:00.000000
"""

import sqlalchemy as sa
from alembic import op

revision = "9f1c3ad27b40"
down_revision = "c0575e2a91d4"
branch_labels = None
depends_on = None


def upgrade() -> None:

    op.create_table(
        "kaggle_competitions",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("kaggle_slug", sa.String(length=128), nullable=False),
        sa.Column("kaggle_metric", sa.String(length=128), nullable=False),
        sa.Column("direction", sa.String(length=8), nullable=True),
        sa.Column("digest", sa.String(length=80), nullable=False),
        sa.Column("board_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("trouble", sa.String(length=300), nullable=False),
        sa.CheckConstraint(
            "direction IN ('higher', 'lower')", name=op.f("ck_kaggle_competitions_direction")
        ),
        sa.ForeignKeyConstraint(
            ["id"],
            ["competitions.id"],
            name=op.f("fk_kaggle_competitions_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_kaggle_competitions")),
        sa.UniqueConstraint("kaggle_slug", name=op.f("uq_kaggle_competitions_kaggle_slug")),
    )
    op.create_table(
        "kaggle_people",
        sa.Column("competition_id", sa.Integer(), nullable=False),
        sa.Column("username", sa.String(length=64), nullable=False),
        sa.Column("entrant_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["competition_id"],
            ["kaggle_competitions.id"],
            name=op.f("fk_kaggle_people_competition_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["entrant_id"],
            ["competition_entrants.id"],
            name=op.f("fk_kaggle_people_entrant_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("competition_id", "username", name=op.f("pk_kaggle_people")),
    )
    with op.batch_alter_table("kaggle_people", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_kaggle_people_entrant_id"), ["entrant_id"])
        batch_op.create_index(batch_op.f("ix_kaggle_people_username"), ["username"])

    op.create_table(
        "kaggle_links",
        sa.Column("user_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("username", sa.String(length=64), nullable=False),
        sa.Column("code", sa.String(length=16), nullable=False),
        sa.Column("claimed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("verified_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("verified_by", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_kaggle_links_user_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["verified_by"],
            ["users.id"],
            name=op.f("fk_kaggle_links_verified_by"),
            ondelete="SET NULL",
        ),
        sa.PrimaryKeyConstraint("user_id", name=op.f("pk_kaggle_links")),
    )
    with op.batch_alter_table("kaggle_links", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_kaggle_links_username"), ["username"])
        batch_op.create_index(
            batch_op.f("ix_kaggle_links_verified_at_user_id"), ["verified_at", "user_id"]
        )
        batch_op.create_index(
            "uq_kaggle_links_verified",
            ["username"],
            unique=True,
            sqlite_where=sa.text("verified_at IS NOT NULL"),
            postgresql_where=sa.text("verified_at IS NOT NULL"),
        )

    _claim_names()


def _claim_names() -> None:
    """Who gave a Kaggle name before it could be verified waits for that from now on."""
    import secrets
    from datetime import UTC, datetime

    connection, alphabet = op.get_bind(), "abcdefghjkmnpqrstuvwxyz23456789"
    named = connection.execute(
        sa.text("SELECT id, lower(kaggle_username) FROM users WHERE kaggle_username <> ''")
    ).all()
    links = sa.table(
        "kaggle_links",
        sa.column("user_id", sa.Integer),
        sa.column("username", sa.String),
        sa.column("code", sa.String),
        sa.column("claimed_at", sa.DateTime(timezone=True)),
    )
    rows = [
        {
            "user_id": user_id,
            "username": username,
            "code": "mla-" + "".join(secrets.choice(alphabet) for _ in range(8)),
            "claimed_at": datetime.now(UTC),
        }
        for user_id, username in named
    ]
    if rows:
        connection.execute(sa.insert(links), rows)


def downgrade() -> None:

    op.drop_table("kaggle_links")
    op.drop_table("kaggle_people")
    op.drop_table("kaggle_competitions")
    # Without their own table they could not be loaded any more.
    op.execute("DELETE FROM tasks WHERE kind = 'kaggle'")
