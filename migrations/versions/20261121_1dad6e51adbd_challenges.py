"""challenges

Revision ID: 1dad6e51adbd
Revises: 6c4a75aacbf0
Create Date: 2026-11-21 08:02:05.047030
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy import Text
from sqlalchemy.dialects import postgresql
import mlarena.core.db

revision = "1dad6e51adbd"
down_revision = "6c4a75aacbf0"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('categories',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('slug', sa.String(length=64), nullable=False),
    sa.Column('name', sa.String(length=128), nullable=False),
    sa.Column('description', sa.Text(), nullable=False),
    sa.Column('position', sa.Integer(), nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_categories')),
    sa.UniqueConstraint('slug', name=op.f('uq_categories_slug'))
    )
    op.create_table('challenges',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('category_id', sa.Integer(), nullable=True),
    sa.Column('difficulty', sa.String(length=16), nullable=False),
    sa.Column('hints', sa.JSON().with_variant(postgresql.JSONB(astext_type=Text()), 'postgresql'), nullable=False),
    sa.Column('editorial', sa.Text(), nullable=False),
    sa.Column('pass_mark', sa.Double(), nullable=False),
    sa.Column('attempts_allowed', sa.Integer(), nullable=True),
    sa.Column('engine', sa.String(length=16), nullable=True),
    sa.Column('ranking', sa.String(length=2), nullable=True),
    sa.CheckConstraint("difficulty IN ('beginner', 'intermediate', 'advanced')", name=op.f('ck_challenges_difficulty')),
    sa.CheckConstraint('pass_mark > 0 AND pass_mark <= 100', name=op.f('ck_challenges_pass_mark')),
    sa.ForeignKeyConstraint(['category_id'], ['categories.id'], name=op.f('fk_challenges_category_id'), ondelete='SET NULL'),
    sa.ForeignKeyConstraint(['id'], ['tasks.id'], name=op.f('fk_challenges_id'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_challenges'))
    )
    with op.batch_alter_table('challenges', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_challenges_category_id'), ['category_id'], unique=False)

    op.create_table('challenge_versions',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('challenge_id', sa.Integer(), nullable=False),
    sa.Column('number', sa.Integer(), nullable=False),
    sa.Column('content', sa.JSON(), nullable=False),
    sa.Column('digest', sa.String(length=64), nullable=False),
    sa.Column('prepared', sa.String(length=64), nullable=True),
    sa.Column('warnings', sa.JSON(), nullable=False),
    sa.Column('facts', sa.JSON(), nullable=False),
    sa.Column('checked_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('created_by', sa.Integer(), nullable=True),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['challenge_id'], ['challenges.id'], name=op.f('fk_challenge_versions_challenge_id'), ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['created_by'], ['users.id'], name=op.f('fk_challenge_versions_created_by'), ondelete='SET NULL'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_challenge_versions')),
    sa.UniqueConstraint('challenge_id', 'number', name=op.f('uq_challenge_versions_challenge_id_number'))
    )
    op.create_table('hint_reveals',
    sa.Column('user_id', sa.Integer(), nullable=False),
    sa.Column('challenge_id', sa.Integer(), nullable=False),
    sa.Column('number', sa.Integer(), nullable=False),
    sa.Column('cost', sa.Integer(), nullable=False),
    sa.Column('revealed_at', sa.DateTime(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['challenge_id'], ['challenges.id'], name=op.f('fk_hint_reveals_challenge_id'), ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['user_id'], ['users.id'], name=op.f('fk_hint_reveals_user_id'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('user_id', 'challenge_id', 'number', name=op.f('pk_hint_reveals'))
    )
    with op.batch_alter_table('hint_reveals', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_hint_reveals_challenge_id'), ['challenge_id'], unique=False)

    op.create_table('test_cases',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('version_id', sa.Integer(), nullable=False),
    sa.Column('position', sa.Integer(), nullable=False),
    sa.Column('is_visible', sa.Boolean(), nullable=False),
    sa.Column('weight', sa.Integer(), nullable=False),
    sa.Column('content', sa.JSON(), nullable=False),
    sa.ForeignKeyConstraint(['version_id'], ['challenge_versions.id'], name=op.f('fk_test_cases_version_id'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_test_cases')),
    sa.UniqueConstraint('version_id', 'position', name=op.f('uq_test_cases_version_id_position'))
    )
    with op.batch_alter_table('submissions', schema=None) as batch_op:
        batch_op.add_column(sa.Column('task_version', sa.Integer(), server_default='1', nullable=False))


def downgrade() -> None:
    # Without their tables, challenges are tasks of a kind that nobody knows.
    op.execute("DELETE FROM tasks WHERE kind IN ('sql', 'coding', 'knowledge')")
    op.execute("DELETE FROM board_entries WHERE board LIKE 'challenge:%'")
    with op.batch_alter_table('submissions', schema=None) as batch_op:
        batch_op.drop_column('task_version')

    op.drop_table('test_cases')
    with op.batch_alter_table('hint_reveals', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_hint_reveals_challenge_id'))

    op.drop_table('hint_reveals')
    op.drop_table('challenge_versions')
    with op.batch_alter_table('challenges', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_challenges_category_id'))

    op.drop_table('challenges')
    op.drop_table('categories')
