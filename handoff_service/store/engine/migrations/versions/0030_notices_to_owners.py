"""Adds notices about colleagues' actions on an agent's conversations."""

import sqlalchemy as sa
from alembic import op
from handoff_service.store.engine.tables import ID, UtcTime

revision = '0030'
down_revision = '0029'


def upgrade() -> None:
    op.create_table('colleague_notices',
        sa.Column('agent_id', ID, nullable=False),
        sa.Column('interaction_id', ID, nullable=False),
        sa.Column('body', sa.Text(), nullable=False),
        sa.Column('created_at', UtcTime(), nullable=False),
        sa.ForeignKeyConstraint(['agent_id'], ['agents.id'], ondelete='CASCADE'),
        sa.ForeignKeyConstraint(['interaction_id'], ['interactions.id'], ondelete='CASCADE'),
        sa.PrimaryKeyConstraint('agent_id', 'interaction_id'))
