"""Adds limits on codes per account and on replies to unknown numbers, and the time when a recovered
text was sent."""

import sqlalchemy as sa
from alembic import op
from handoff_service.store.engine.tables import UtcTime

revision = '0019'
down_revision = '0018'


def upgrade() -> None:
    op.add_column('proof_sends', sa.Column('code_hash', sa.Text(), nullable=True))
    op.add_column('proof_sends', sa.Column('code_until', UtcTime(), nullable=True))
    kept = sa.text('code_hash IS NOT NULL')
    op.create_index('ix_proof_sends_kept', 'proof_sends', ['code_until'], sqlite_where=kept,
        postgresql_where=kept)
    _codes_that_are_out()
    op.add_column('desk',
        sa.Column('most_unknown_hourly', sa.Integer(), server_default=sa.text('200'),
            nullable=False))
    op.add_column('desk',
        sa.Column('most_unknown_daily', sa.Integer(), server_default=sa.text('1000'),
            nullable=False))
    # no table refers to it, so a copy on SQLite deletes no rows
    with op.batch_alter_table('desk') as desk:
        desk.alter_column('most_in_range', existing_type=sa.Integer(), existing_nullable=False,
            server_default=sa.text('20'))
    # this is the old default, not an admin's choice
    op.execute('UPDATE desk SET most_in_range = 20 WHERE most_in_range = 100')
    op.create_table(
        'unknown_replies',
        sa.Column('message_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'),
            autoincrement=False, nullable=False),
        sa.Column('begins_with', sa.Text(), nullable=False),
        sa.Column('number', sa.Text(), nullable=False),
        sa.Column('at', UtcTime(), nullable=False),
        sa.PrimaryKeyConstraint('message_id', name=op.f('pk_unknown_replies')),
    )
    op.create_index('ix_unknown_replies_at', 'unknown_replies', ['at'])
    op.create_index('ix_unknown_replies_begins_with', 'unknown_replies', ['begins_with', 'at'])
    op.add_column('messages', sa.Column('sent_at', UtcTime(), nullable=True))


def _codes_that_are_out() -> None:
    """Move each mailed code to the newest send of its proof, so that it is still masked in texts.
    """
    op.execute(
        'UPDATE proof_sends SET'
        ' code_hash = (SELECT p.code_hash FROM proofs p WHERE p.id = proof_sends.proof_id),'
        ' code_until = (SELECT p.code_until FROM proofs p WHERE p.id = proof_sends.proof_id)'
        ' WHERE id IN (SELECT max(id) FROM proof_sends GROUP BY proof_id)'
    )
