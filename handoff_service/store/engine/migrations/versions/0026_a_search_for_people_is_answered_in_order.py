"""Adds the user's name to each search word, so that the index returns search results in the order
of names.
"""

import sqlalchemy as sa
from alembic import op

from handoff_service.rules.conversations.folding import folded

revision = '0026'
down_revision = '0025'
AT_ONCE = 1000


def upgrade() -> None:
    op.execute('CREATE TEMPORARY TABLE old_words AS SELECT user_id, word FROM user_words')
    _sort_names()
    op.drop_table('user_words')
    text = sa.Text().with_variant(sa.Text(collation='C'), 'postgresql')
    op.create_table(
        'user_words',
        sa.Column('user_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'),
            autoincrement=False, nullable=False),
        sa.Column('word', text, nullable=False),
        sa.Column('sort_name', text, nullable=False),
        sa.ForeignKeyConstraint(['user_id'], ['users.id'], name=op.f('fk_user_words_user_id_users'),
            ondelete='CASCADE'),
        sa.PrimaryKeyConstraint('user_id', 'word', name=op.f('pk_user_words')),
        sqlite_with_rowid=False,
    )
    op.execute(
        'INSERT INTO user_words (user_id, word, sort_name) '
        'SELECT user_id, word, sort_name FROM old_words JOIN sort_names USING (user_id) '
        "UNION ALL SELECT user_id, '', sort_name FROM sort_names ORDER BY 1, 2"
    )
    op.execute('DROP TABLE old_words')
    op.execute('DROP TABLE sort_names')
    op.create_index('ix_user_words_word', 'user_words', ['word', 'sort_name', 'user_id'])
    op.drop_index('ix_users_name', 'users')


def _sort_names() -> None:
    """Create a temporary table of each user's normalized name."""
    op.execute('CREATE TEMPORARY TABLE sort_names (user_id BIGINT PRIMARY KEY, sort_name TEXT)')
    conn = op.get_bind()
    add = sa.text('INSERT INTO sort_names VALUES (:user_id, :sort_name)')
    people = conn.execute(sa.text('SELECT id, name FROM users')).all()
    for start in range(0, len(people), AT_ONCE):
        rows = [
            {'user_id': row.id, 'sort_name': folded(row.name)}
            for row in people[start : start + AT_ONCE]
        ]
        conn.execute(add, rows)
