"""Adds a word index for finding users, merges alternative forms of a phone number, and rebuilds the
text index.

This migration empties the text index, because the words of scripts without spaces have changed. The
new tokenizer does not change words. The service refills the index in the background.
"""

import sqlalchemy as sa
from alembic import op

from handoff_service.rules.conversations.number_forms import one_form
from handoff_service.rules.conversations.person_words import person_words

revision = '0021'
down_revision = '0020'
AT_ONCE = 1000


def upgrade() -> None:
    for table, column in (('proofs', 'number'), ('proof_sends', 'number'), ('consents', 'number')):
        _one_form(table, column)
    for table, column, key in (
        ('user_numbers', 'number', 'user_id'),
        ('opt_outs', 'number', 'provider_number_id'),
    ):
        _one_form_of_key(table, column, key)
    _one_form_of_profiles()
    _one_form_of_interactions()
    _user_words()
    _empty_text_index()


def _old_forms(table: str, column: str) -> list[tuple[str, str]]:
    query = sa.text(
        f"SELECT DISTINCT {column} FROM {table} WHERE {column} LIKE '+521%' OR {column} LIKE "
        f"'+54%' OR {column} LIKE '+55%' OR {column} LIKE '+229%'"
    )
    numbers = op.get_bind().execute(query).scalars().all()
    return [(number, one_form(number)) for number in numbers if one_form(number) != number]


def _one_form(table: str, column: str, where: str = '') -> None:
    change = sa.text(f'UPDATE {table} SET {column} = :new WHERE {column} = :old{where}')
    for old, new in _old_forms(table, column):
        op.get_bind().execute(change, {'old': old, 'new': new})


def _one_form_of_key(table: str, column: str, key: str) -> None:
    """If both forms of a number have a row, keep only one."""
    there = (
        f' AND NOT EXISTS (SELECT 1 FROM {table} o WHERE o.{column} = :new AND o.{key} = '
        f'{table}.{key})'
    )
    for old, new in _old_forms(table, column):
        change = sa.text(f'UPDATE {table} SET {column} = :new WHERE {column} = :old{there}')
        op.get_bind().execute(change, {'old': old, 'new': new})
        op.get_bind().execute(sa.text(f'DELETE FROM {table} WHERE {column} = :old'), {'old': old})


def _one_form_of_profiles() -> None:
    """If a person has two active profiles, keep the one that is tied to a user. If none or both are
    tied, keep the newer one.
    """
    conn, p = op.get_bind(), sa.table(
        'messaging_profiles', sa.column('id'), sa.column('number'), sa.column('user_id'),
        sa.column('active', sa.Boolean)
    )
    for old, new in _old_forms('messaging_profiles', 'number'):
        query = sa.select(p.c.id, p.c.user_id).where(p.c.number.in_([old, new]), p.c.active)
        both = sorted(conn.execute(query).all(), key=lambda row: (row.user_id is not None, row.id))
        for row in both[:-1]:
            conn.execute(sa.update(p).where(p.c.id == row.id).values(active=False))
        conn.execute(sa.update(p).where(p.c.number == old).values(number=new))


def _one_form_of_interactions() -> None:
    """A conversation keeps the older form of the number if another conversation on its line already
    has the new one, because a line can have only one active conversation."""
    active = "o.state <> 'closed'"
    there = (
        ' AND (state = \'closed\' OR NOT EXISTS (SELECT 1 FROM interactions o WHERE '
        'o.requester_number = :new '
        f'AND o.provider_number_id = interactions.provider_number_id AND {active}))'
    )
    _one_form('interactions', 'requester_number', there)


def _user_words() -> None:
    word = sa.Text().with_variant(sa.Text(collation='C'), 'postgresql')
    made = op.create_table(
        'user_words',
        sa.Column('user_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'),
            autoincrement=False, nullable=False),
        sa.Column('word', word, nullable=False),
        sa.ForeignKeyConstraint(['user_id'], ['users.id'], name=op.f('fk_user_words_user_id_users'),
            ondelete='CASCADE'),
        sa.PrimaryKeyConstraint('user_id', 'word', name=op.f('pk_user_words')),
        sqlite_with_rowid=False,
    )
    conn = op.get_bind()
    numbers: dict[int, list[str]] = {}
    for row in conn.execute(sa.text('SELECT user_id, number FROM user_numbers')):
        numbers.setdefault(row.user_id, []).append(row.number)
    people = conn.execute(sa.text('SELECT id, name, external_id FROM users')).all()
    for start in range(0, len(people), AT_ONCE):
        rows = [
            {'user_id': row.id, 'word': found}
            for row in people[start : start + AT_ONCE]
            for found in sorted(person_words(row.name, row.external_id, numbers.get(row.id, ())))
        ]
        op.bulk_insert(made, rows)
    op.create_index('ix_user_words_word', 'user_words', ['word', 'user_id'])
    op.create_index('ix_users_name', 'users', ['name', 'id'])


def _empty_text_index() -> None:
    if op.get_bind().dialect.name == 'sqlite':
        op.execute('DROP TABLE message_words')
        op.execute(
            "CREATE VIRTUAL TABLE message_words USING fts5(words, content='', tokenize=\"ascii "
            "tokenchars '+#'\", prefix='2 3')"
        )
    else:
        op.execute('TRUNCATE message_words')
    op.execute('UPDATE text_index SET done_to = 0, next_to = NULL, next_after = NULL')
