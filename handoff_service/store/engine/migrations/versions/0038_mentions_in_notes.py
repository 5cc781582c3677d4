"""Adds mentions of agents in private notes."""

import sqlalchemy as sa
from alembic import op
from handoff_service.store.engine.tables import ID

revision = '0038'
down_revision = '0037'


def upgrade() -> None:
    op.create_table('mentions',
        sa.Column('id', ID, nullable=False),
        sa.Column('agent_id', ID, nullable=False),
        sa.Column('message_id', ID, nullable=False),
        sa.ForeignKeyConstraint(['agent_id'], ['agents.id'], ondelete='CASCADE'),
        sa.ForeignKeyConstraint(['message_id'], ['messages.id'], ondelete='CASCADE'),
        sa.PrimaryKeyConstraint('id'))
    op.create_index('ix_mentions_agent_id', 'mentions', ['agent_id', 'id'])
