"""Shortens the time for which steps of retention and erasures occupy the lane.

SQLite no longer merges segments of the text index in the transactions that change it: see
``operations/conversations/merge_index.py``. The deletion of a user no longer reads whole tables.
"""

import sqlalchemy as sa
from alembic import op

revision = '0078'
down_revision = '0077'

INDEXES = (
    ('associations', 'old_user_id'),
    ('associations', 'user_id'),
    ('messaging_profiles', 'user_id'),
)


def upgrade() -> None:
    for table, column in INDEXES:
        filled = sa.text(f'{column} IS NOT NULL')
        op.create_index(f'ix_{table}_{column}', table, [column], sqlite_where=filled, postgresql_where=filled)
    op.create_index('ix_user_merges_goes_id', 'user_merges', ['goes_id'])
    if op.get_bind().dialect.name == 'sqlite':
        op.execute("INSERT INTO message_words (message_words, rank) VALUES ('automerge', 0)")
        op.execute("INSERT INTO message_words (message_words, rank) VALUES ('crisismerge', 1000)")
