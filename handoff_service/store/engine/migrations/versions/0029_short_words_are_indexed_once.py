"""Stores the short words of scripts without spaces only once in the text index.

On SQLite, this migration recreates an empty index, because the words have changed. The service
refills it in the background, oldest texts first. On PostgreSQL, the index does not change.
"""

from alembic import op

revision = '0029'
down_revision = '0028'


def upgrade() -> None:
    if op.get_bind().dialect.name != 'sqlite':
        return
    op.execute('DROP TABLE message_words')
    op.execute(
        "CREATE VIRTUAL TABLE message_words USING fts5(words, content='', tokenize=\"ascii "
        "tokenchars '+#~'\", prefix='4 5')"
    )
    op.execute('UPDATE text_index SET done_to = 0, next_to = NULL, next_after = NULL')
