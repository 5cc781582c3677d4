"""Adds the text index, its progress, and an index for a user's conversations.

This migration is written by hand, because ``tables.py`` cannot describe a full-text table.
``place`` combines an interaction's id and a message's seq in one number (see
``store/conversations/text_index.py``), so the newest interactions come first without a sort.
"""

import sqlalchemy as sa
from alembic import op

revision = '0005'
down_revision = '0004'


def upgrade() -> None:
    text_index = op.create_table('text_index',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('done_to', sa.BigInteger(), nullable=False),
    sa.Column('next_to', sa.BigInteger(), nullable=True),
    sa.Column('next_after', sa.BigInteger(), nullable=True),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_text_index'))
    )
    op.bulk_insert(text_index, [{'id': 1, 'done_to': 0}])
    op.create_index(
        op.f('ix_interactions_user_id'), 'interactions', ['user_id', 'id'],
        sqlite_where=sa.text('user_id IS NOT NULL'),
        postgresql_where=sa.text('user_id IS NOT NULL'),
    )
    if op.get_bind().dialect.name == 'sqlite':
        op.execute(
            "CREATE VIRTUAL TABLE message_words USING fts5(words, content='', "
            "tokenize=\"unicode61 remove_diacritics 2 tokenchars '+#'\", prefix='2 3')"
        )
    else:
        op.execute('CREATE TABLE message_words (place BIGINT PRIMARY KEY, words TSVECTOR NOT NULL)')
        op.execute('CREATE INDEX ix_message_words_words ON message_words USING GIN (words)')
