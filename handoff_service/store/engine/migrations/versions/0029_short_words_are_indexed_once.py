"""The index of texts stores the short words of scripts without spaces once.

On SQLite, this migration creates the index again without texts, because its words changed. The
service fills it in the background, the oldest texts first. The index on PostgreSQL stays.
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
