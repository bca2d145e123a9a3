"""First views

Revision ID: b52e90c7fa13
Revises: a4d81c6b2f07
Create Date: 2026-11-21 18:10:00.000000
"""

import sqlalchemy as sa
from alembic import op

revision = 'b52e90c7fa13'
down_revision = 'a4d81c6b2f07'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('first_views',
    sa.Column('user_id', sa.Integer(), nullable=False),
    sa.Column('task_id', sa.Integer(), nullable=False),
    sa.Column('at', sa.DateTime(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['task_id'], ['tasks.id'], name=op.f('fk_first_views_task_id'), ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['user_id'], ['users.id'], name=op.f('fk_first_views_user_id'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('user_id', 'task_id', name=op.f('pk_first_views'))
    )
    with op.batch_alter_table('first_views', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_first_views_task_id'), ['task_id'], unique=False)


def downgrade() -> None:
    op.drop_table('first_views')
