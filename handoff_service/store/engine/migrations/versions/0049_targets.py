"""Adds targets of queues, running targets of conversations, holds, and facts about targets."""

import sqlalchemy as sa
from alembic import op
from handoff_service.store.engine.tables import UtcTime

revision = '0049'
down_revision = '0048'

ID = sa.BigInteger().with_variant(sa.Integer(), 'sqlite')


def upgrade() -> None:
    op.add_column('queues', sa.Column('targets', sa.JSON(), server_default=sa.text("'[]'"), nullable=False))
    op.create_table('holds',
    sa.Column('id', ID, nullable=False),
    sa.Column('interaction_id', ID, nullable=False),
    sa.Column('began_at', UtcTime(), nullable=False),
    sa.Column('ended_at', UtcTime(), nullable=True),
    sa.ForeignKeyConstraint(['interaction_id'], ['interactions.id'], name=op.f('fk_holds_interaction_id_interactions'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_holds'))
    )
    with op.batch_alter_table('holds', schema=None) as batch_op:
        batch_op.create_index('ix_holds_interaction_id', ['interaction_id', 'id'], unique=False)
        batch_op.create_index('one_running_hold', ['interaction_id'], unique=True, sqlite_where=sa.text('ended_at IS NULL'), postgresql_where=sa.text('ended_at IS NULL'))
    op.create_table('running_targets',
    sa.Column('interaction_id', ID, autoincrement=False, nullable=False),
    sa.Column('kind', sa.Text(), nullable=False),
    sa.Column('started_at', UtcTime(), nullable=False),
    sa.Column('minutes', sa.Integer(), nullable=False),
    sa.Column('due_at', UtcTime(), nullable=True),
    sa.Column('soon_at', UtcTime(), nullable=True),
    sa.Column('left_seconds', sa.Integer(), nullable=True),
    sa.ForeignKeyConstraint(['interaction_id'], ['interactions.id'], name=op.f('fk_running_targets_interaction_id_interactions'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('interaction_id', 'kind', name=op.f('pk_running_targets'))
    )
    facts = 'conversation_facts'
    op.add_column(facts, sa.Column('priority', sa.Integer(), nullable=True))
    op.add_column(facts, sa.Column('first_response_target', sa.Integer(), nullable=True))
    op.add_column(facts, sa.Column('resolution_target', sa.Integer(), nullable=True))
    zero = sa.text('0')
    op.add_column(facts, sa.Column('next_responses_met', sa.Integer(), server_default=zero, nullable=False))
    op.add_column(facts, sa.Column('next_responses_missed', sa.Integer(), server_default=zero, nullable=False))
    op.execute('UPDATE conversation_facts SET priority = '
               '(SELECT priority FROM interactions WHERE interactions.id = conversation_facts.interaction_id)')
    # The beginning of a running hold is unknown, so use the time of the last message.
    op.execute("INSERT INTO holds (interaction_id, began_at) SELECT id, last_message_at FROM interactions "
               "WHERE state = 'on_hold' AND closed_at IS NULL")
    # the packed days lack the new columns
    op.execute('UPDATE report_days SET packed = NULL')
