"""Telegram

Revision ID: 738a4fabf5d7
Revises: b52e90c7fa13
Create Date: 2026-11-21 17:53:20.631918
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy import Text
from sqlalchemy.dialects import postgresql

revision = '738a4fabf5d7'
down_revision = 'b52e90c7fa13'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('telegram_updates',
    sa.Column('update_id', sa.BigInteger(), autoincrement=False, nullable=False),
    sa.Column('payload', sa.JSON().with_variant(postgresql.JSONB(astext_type=Text()), 'postgresql'), nullable=False),
    sa.Column('received_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('attempts', sa.Integer(), nullable=False),
    sa.Column('lease_until', sa.DateTime(timezone=True), nullable=True),
    sa.Column('handled_at', sa.DateTime(timezone=True), nullable=True),
    sa.PrimaryKeyConstraint('update_id', name=op.f('pk_telegram_updates'))
    )
    with op.batch_alter_table('telegram_updates', schema=None) as batch_op:
        batch_op.create_index('ix_telegram_updates_open', ['update_id'], unique=False, sqlite_where=sa.text('handled_at IS NULL'), postgresql_where=sa.text('handled_at IS NULL'))
        batch_op.create_index(batch_op.f('ix_telegram_updates_received_at'), ['received_at'], unique=False)

    op.create_table('telegram_codes',
    sa.Column('user_id', sa.Integer(), autoincrement=False, nullable=False),
    sa.Column('code_hash', sa.String(length=64), nullable=False),
    sa.Column('expires_at', sa.DateTime(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['user_id'], ['users.id'], name=op.f('fk_telegram_codes_user_id'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('user_id', name=op.f('pk_telegram_codes')),
    sa.UniqueConstraint('code_hash', name=op.f('uq_telegram_codes_code_hash'))
    )
    op.create_table('telegram_links',
    sa.Column('user_id', sa.Integer(), autoincrement=False, nullable=False),
    sa.Column('telegram_id', sa.BigInteger(), nullable=False),
    sa.Column('credentials_version', sa.Integer(), nullable=False),
    sa.Column('linked_at', sa.DateTime(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['user_id'], ['users.id'], name=op.f('fk_telegram_links_user_id'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('user_id', name=op.f('pk_telegram_links')),
    sa.UniqueConstraint('telegram_id', name=op.f('uq_telegram_links_telegram_id'))
    )
    op.create_table('telegram_messages',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('user_id', sa.Integer(), nullable=True),
    sa.Column('chat_id', sa.BigInteger(), nullable=False),
    sa.Column('method', sa.String(length=32), nullable=False),
    sa.Column('payload', sa.JSON().with_variant(postgresql.JSONB(astext_type=Text()), 'postgresql'), nullable=False),
    sa.Column('about', sa.JSON().with_variant(postgresql.JSONB(astext_type=Text()), 'postgresql'), nullable=False),
    sa.Column('priority', sa.Integer(), nullable=False),
    sa.Column('joinable', sa.Boolean(), nullable=False),
    sa.Column('key', sa.String(length=96), nullable=True),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('due_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('attempts', sa.Integer(), nullable=False),
    sa.Column('lease_until', sa.DateTime(timezone=True), nullable=True),
    sa.Column('done_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('message_id', sa.BigInteger(), nullable=True),
    sa.Column('error', sa.String(length=200), nullable=True),
    sa.ForeignKeyConstraint(['user_id'], ['users.id'], name=op.f('fk_telegram_messages_user_id'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_telegram_messages')),
    sa.UniqueConstraint('key', name=op.f('uq_telegram_messages_key')),
    sqlite_autoincrement=True
    )
    with op.batch_alter_table('telegram_messages', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_telegram_messages_chat_id_message_id'), ['chat_id', 'message_id'], unique=False)
        batch_op.create_index(batch_op.f('ix_telegram_messages_done_at'), ['done_at'], unique=False)
        batch_op.create_index('ix_telegram_messages_open', ['priority', 'id'], unique=False, sqlite_where=sa.text('done_at IS NULL'), postgresql_where=sa.text('done_at IS NULL'))
        batch_op.create_index(batch_op.f('ix_telegram_messages_user_id'), ['user_id'], unique=False)

    op.create_table('telegram_asks',
    sa.Column('submission_id', sa.Integer(), autoincrement=False, nullable=False),
    sa.Column('reply_to', sa.BigInteger(), nullable=True),
    sa.Column('told_at', sa.DateTime(timezone=True), nullable=True),
    sa.ForeignKeyConstraint(['submission_id'], ['submissions.id'], name=op.f('fk_telegram_asks_submission_id'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('submission_id', name=op.f('pk_telegram_asks'))
    )
    with op.batch_alter_table('telegram_asks', schema=None) as batch_op:
        batch_op.create_index('ix_telegram_asks_open', ['submission_id'], unique=False, sqlite_where=sa.text('told_at IS NULL'), postgresql_where=sa.text('told_at IS NULL'))

    op.create_table('telegram_talks',
    sa.Column('user_id', sa.Integer(), autoincrement=False, nullable=False),
    sa.Column('challenge_id', sa.Integer(), nullable=False),
    sa.Column('version', sa.Integer(), nullable=False),
    sa.Column('answers', sa.JSON().with_variant(postgresql.JSONB(astext_type=Text()), 'postgresql'), nullable=False),
    sa.Column('question', sa.Integer(), nullable=True),
    sa.Column('updated_at', sa.DateTime(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['challenge_id'], ['challenges.id'], name=op.f('fk_telegram_talks_challenge_id'), ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['user_id'], ['users.id'], name=op.f('fk_telegram_talks_user_id'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('user_id', name=op.f('pk_telegram_talks'))
    )
    with op.batch_alter_table('telegram_talks', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_telegram_talks_challenge_id'), ['challenge_id'], unique=False)



def downgrade() -> None:
    with op.batch_alter_table('telegram_talks', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_telegram_talks_challenge_id'))

    op.drop_table('telegram_talks')
    with op.batch_alter_table('telegram_asks', schema=None) as batch_op:
        batch_op.drop_index('ix_telegram_asks_open', sqlite_where=sa.text('told_at IS NULL'), postgresql_where=sa.text('told_at IS NULL'))

    op.drop_table('telegram_asks')
    with op.batch_alter_table('telegram_messages', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_telegram_messages_user_id'))
        batch_op.drop_index('ix_telegram_messages_open', sqlite_where=sa.text('done_at IS NULL'), postgresql_where=sa.text('done_at IS NULL'))
        batch_op.drop_index(batch_op.f('ix_telegram_messages_done_at'))
        batch_op.drop_index(batch_op.f('ix_telegram_messages_chat_id_message_id'))

    op.drop_table('telegram_messages')
    op.drop_table('telegram_links')
    op.drop_table('telegram_codes')
    with op.batch_alter_table('telegram_updates', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_telegram_updates_received_at'))
        batch_op.drop_index('ix_telegram_updates_open', sqlite_where=sa.text('handled_at IS NULL'), postgresql_where=sa.text('handled_at IS NULL'))

    op.drop_table('telegram_updates')
