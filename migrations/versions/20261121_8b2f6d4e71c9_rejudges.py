"""What is judged again

Revision ID: 8b2f6d4e71c9
Revises: 0f2d80563d32
Create Date: 2026-11-21 15:01:18.693645
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy import Text
from sqlalchemy.dialects import postgresql

revision = '8b2f6d4e71c9'
down_revision = '0f2d80563d32'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('rejudges',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('about', sa.String(length=64), nullable=False),
    sa.Column('title', sa.String(length=200), nullable=False),
    sa.Column('reason', sa.String(length=300), nullable=False),
    sa.Column('status', sa.String(length=16), nullable=False),
    sa.Column('total', sa.Integer(), nullable=False),
    sa.Column('by_id', sa.Integer(), nullable=True),
    sa.Column('by_name', sa.String(length=64), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('finished_at', sa.DateTime(timezone=True), nullable=True),
    sa.CheckConstraint("status IN ('judging', 'judged', 'unchanged', 'applying', 'applied', 'discarded')", name=op.f('ck_rejudges_status')),
    sa.ForeignKeyConstraint(['by_id'], ['users.id'], name=op.f('fk_rejudges_by_id'), ondelete='SET NULL'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_rejudges'))
    )
    with op.batch_alter_table('rejudges', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_rejudges_about'), ['about'], unique=False)
        batch_op.create_index(batch_op.f('ix_rejudges_status'), ['status'], unique=False)

    op.create_table('rejudge_items',
    sa.Column('rejudge_id', sa.Integer(), nullable=False),
    sa.Column('submission_id', sa.Integer(), nullable=False),
    sa.Column('state', sa.String(length=16), nullable=False),
    sa.Column('before', sa.JSON().with_variant(postgresql.JSONB(astext_type=Text()), 'postgresql'), nullable=False),
    sa.Column('after', sa.JSON().with_variant(postgresql.JSONB(astext_type=Text()), 'postgresql'), nullable=False),
    sa.Column('error', sa.Text(), nullable=True),
    sa.Column('taken_until', sa.DateTime(timezone=True), nullable=True),
    sa.Column('tries', sa.Integer(), nullable=False),
    sa.CheckConstraint("state IN ('waiting', 'same', 'changed', 'error', 'applied', 'gone')", name=op.f('ck_rejudge_items_state')),
    sa.ForeignKeyConstraint(['rejudge_id'], ['rejudges.id'], name=op.f('fk_rejudge_items_rejudge_id'), ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['submission_id'], ['submissions.id'], name=op.f('fk_rejudge_items_submission_id'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('rejudge_id', 'submission_id', name=op.f('pk_rejudge_items'))
    )
    with op.batch_alter_table('rejudge_items', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_rejudge_items_rejudge_id_state_submission_id'), ['rejudge_id', 'state', 'submission_id'], unique=False)
        batch_op.create_index(batch_op.f('ix_rejudge_items_submission_id'), ['submission_id'], unique=False)

    with op.batch_alter_table('submissions', schema=None) as batch_op:
        batch_op.create_index('ix_submissions_faults', ['status', 'id'], unique=False, sqlite_where=sa.text("status IN ('failed', 'error')"), postgresql_where=sa.text("status IN ('failed', 'error')"))



def downgrade() -> None:
    with op.batch_alter_table('submissions', schema=None) as batch_op:
        batch_op.drop_index('ix_submissions_faults', sqlite_where=sa.text("status IN ('failed', 'error')"), postgresql_where=sa.text("status IN ('failed', 'error')"))

    with op.batch_alter_table('rejudge_items', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_rejudge_items_submission_id'))
        batch_op.drop_index(batch_op.f('ix_rejudge_items_rejudge_id_state_submission_id'))

    op.drop_table('rejudge_items')
    with op.batch_alter_table('rejudges', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_rejudges_status'))
        batch_op.drop_index(batch_op.f('ix_rejudges_about'))

    op.drop_table('rejudges')
