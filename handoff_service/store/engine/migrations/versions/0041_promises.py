"""Adds agents' promises, with reminders."""

import sqlalchemy as sa
from alembic import op
from handoff_service.store.engine.tables import ID, UtcTime

revision = '0041'
down_revision = '0040'


def upgrade() -> None:
    op.create_table('promises',
        sa.Column('id', ID, nullable=False),
        sa.Column('interaction_id', ID, nullable=False),
        sa.Column('agent_id', ID, nullable=False),
        sa.Column('message_id', ID, nullable=True),
        sa.Column('words', sa.Text(), nullable=False),
        sa.Column('made_at', UtcTime(), nullable=False),
        sa.Column('promised_at', UtcTime(), nullable=False),
        sa.Column('remind_at', UtcTime(), nullable=False),
        sa.Column('state', sa.Text(), nullable=False),
        sa.Column('ended_at', UtcTime(), nullable=True),
        sa.ForeignKeyConstraint(['interaction_id'], ['interactions.id'], ondelete='CASCADE'),
        sa.ForeignKeyConstraint(['agent_id'], ['agents.id']),
        sa.ForeignKeyConstraint(['message_id'], ['messages.id'], ondelete='CASCADE'),
        sa.UniqueConstraint('message_id'),
        sa.PrimaryKeyConstraint('id'))
    op.create_index('ix_promises_interaction_id', 'promises', ['interaction_id', 'state'])
    op.create_index('ix_promises_ended_at', 'promises', ['ended_at'])
