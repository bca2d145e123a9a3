"""What is alike

Revision ID: a3d1f07be452
Revises: 2cae0288e32d
Create Date: 2026-11-21 17:50:00.000000
"""

import sqlalchemy as sa
from alembic import op

revision = 'a3d1f07be452'
down_revision = '2cae0288e32d'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('fingerprints',
    sa.Column('submission_id', sa.Integer(), autoincrement=False, nullable=False),
    sa.Column('task_id', sa.Integer(), nullable=False),
    sa.Column('basis', sa.String(length=16), nullable=False),
    sa.Column('hashes', sa.LargeBinary(), nullable=False),
    sa.ForeignKeyConstraint(['submission_id'], ['submissions.id'], name=op.f('fk_fingerprints_submission_id'), ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['task_id'], ['tasks.id'], name=op.f('fk_fingerprints_task_id'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('submission_id', name=op.f('pk_fingerprints'))
    )
    with op.batch_alter_table('fingerprints', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_fingerprints_task_id'), ['task_id'], unique=False)

    op.create_table('integrity_checks',
    sa.Column('task_id', sa.Integer(), autoincrement=False, nullable=False),
    sa.Column('upto_id', sa.Integer(), nullable=False),
    sa.Column('version', sa.Integer(), nullable=False),
    sa.Column('learners', sa.Integer(), nullable=False),
    sa.Column('at', sa.DateTime(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['task_id'], ['tasks.id'], name=op.f('fk_integrity_checks_task_id'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('task_id', name=op.f('pk_integrity_checks'))
    )
    op.create_table('alike_pairs',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('task_id', sa.Integer(), nullable=False),
    sa.Column('earlier_id', sa.Integer(), nullable=False),
    sa.Column('later_id', sa.Integer(), nullable=False),
    sa.Column('kind', sa.String(length=16), nullable=False),
    sa.Column('share', sa.Double(), nullable=False),
    sa.Column('shared', sa.Integer(), nullable=False),
    sa.Column('found_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('aside_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('aside_by', sa.String(length=64), nullable=True),
    sa.Column('aside_why', sa.String(length=300), server_default='', nullable=False),
    sa.CheckConstraint("kind IN ('alike', 'identical')", name=op.f('ck_alike_pairs_kind')),
    sa.ForeignKeyConstraint(['earlier_id'], ['submissions.id'], name=op.f('fk_alike_pairs_earlier_id'), ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['later_id'], ['submissions.id'], name=op.f('fk_alike_pairs_later_id'), ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['task_id'], ['tasks.id'], name=op.f('fk_alike_pairs_task_id'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_alike_pairs')),
    sa.UniqueConstraint('earlier_id', 'later_id', name=op.f('uq_alike_pairs_earlier_id_later_id'))
    )
    with op.batch_alter_table('alike_pairs', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_alike_pairs_later_id'), ['later_id'], unique=False)
        batch_op.create_index(batch_op.f('ix_alike_pairs_share_shared_id'), ['share', 'shared', 'id'], unique=False)
        batch_op.create_index(batch_op.f('ix_alike_pairs_task_id_share'), ['task_id', 'share'], unique=False)


def downgrade() -> None:
    op.drop_table('alike_pairs')
    op.drop_table('integrity_checks')
    op.drop_table('fingerprints')
