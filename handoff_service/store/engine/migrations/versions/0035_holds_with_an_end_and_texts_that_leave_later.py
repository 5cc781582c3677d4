"""Adds an optional end to holds, and scheduled texts."""

import sqlalchemy as sa
from alembic import op
from handoff_service.store.engine.tables import ID, UtcTime

revision = '0035'
down_revision = '0034'


def upgrade() -> None:
    op.add_column('interactions', sa.Column('hold_until', UtcTime(), nullable=True))
    op.create_table('scheduled_texts',
        sa.Column('id', ID, nullable=False),
        sa.Column('interaction_id', ID, nullable=False),
        sa.Column('agent_id', ID, nullable=False),
        sa.Column('body', sa.Text(), nullable=False),
        sa.Column('send_at', UtcTime(), nullable=False),
        sa.Column('seq', sa.Integer(), nullable=False),
        sa.Column('epoch', sa.Integer(), nullable=False),
        sa.Column('created_at', UtcTime(), nullable=False),
        sa.ForeignKeyConstraint(['agent_id'], ['agents.id']),
        sa.ForeignKeyConstraint(['interaction_id'], ['interactions.id'], ondelete='CASCADE'),
        sa.PrimaryKeyConstraint('id'))
    op.create_index('ix_scheduled_texts_interaction_id', 'scheduled_texts',
        ['interaction_id', 'send_at'])
