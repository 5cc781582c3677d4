"""Adds texts to everybody who reported an outage."""

import sqlalchemy as sa
from alembic import op
from handoff_service.store.engine.tables import ID, UtcTime

revision = '0042'
down_revision = '0041'


def upgrade() -> None:
    op.create_table('outage_texts',
        sa.Column('id', ID, nullable=False),
        sa.Column('outage_id', ID, nullable=False),
        sa.Column('agent_id', ID, nullable=False),
        sa.Column('body', sa.Text(), nullable=False),
        sa.Column('state', sa.Text(), nullable=False),
        sa.Column('created_at', UtcTime(), nullable=False),
        sa.Column('ended_at', UtcTime(), nullable=True),
        sa.ForeignKeyConstraint(['outage_id'], ['outages.id'], ondelete='CASCADE'),
        sa.ForeignKeyConstraint(['agent_id'], ['agents.id']),
        sa.PrimaryKeyConstraint('id'))
    op.create_index('ix_outage_texts_outage_id', 'outage_texts', ['outage_id'])
    op.create_table('outage_recipients',
        sa.Column('id', ID, nullable=False),
        sa.Column('outage_text_id', ID, nullable=False),
        sa.Column('interaction_id', ID, nullable=False),
        sa.Column('case_id', ID, nullable=True),
        sa.Column('message_id', ID, nullable=True),
        sa.Column('skipped', sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(['outage_text_id'], ['outage_texts.id'], ondelete='CASCADE'),
        sa.ForeignKeyConstraint(['interaction_id'], ['interactions.id'], ondelete='CASCADE'),
        sa.ForeignKeyConstraint(['case_id'], ['cases.id']),
        sa.ForeignKeyConstraint(['message_id'], ['messages.id'], ondelete='CASCADE'),
        sa.PrimaryKeyConstraint('id'))
    op.create_index('ix_outage_recipients_outage_text_id', 'outage_recipients', ['outage_text_id'])
    op.create_index('ix_outage_recipients_message_id', 'outage_recipients', ['message_id'])
