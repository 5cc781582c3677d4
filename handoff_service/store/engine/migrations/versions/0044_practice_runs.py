"""Adds runs of the practice desk."""

import sqlalchemy as sa
from alembic import op
from handoff_service.store.engine.tables import ID, UtcTime

revision = '0044'
down_revision = '0043'


def upgrade() -> None:
    op.create_table('practice_runs',
        sa.Column('id', ID, nullable=False),
        sa.Column('agent_id', ID, nullable=False),
        sa.Column('started_by', ID, nullable=False),
        sa.Column('source', sa.Text(), nullable=False),
        sa.Column('conversations', sa.Integer(), nullable=False),
        sa.Column('speed', sa.Integer(), nullable=False),
        sa.Column('queue', sa.Text(), nullable=True),
        sa.Column('first_day', sa.Text(), nullable=False),
        sa.Column('last_day', sa.Text(), nullable=False),
        sa.Column('state', sa.Text(), nullable=False),
        sa.Column('started_at', UtcTime(), nullable=False),
        sa.Column('entered_at', UtcTime(), nullable=True),
        sa.Column('ended_at', UtcTime(), nullable=True),
        sa.Column('score', sa.JSON(), server_default=sa.text("'{}'"), nullable=False),
        sa.ForeignKeyConstraint(['agent_id'], ['agents.id'], ondelete='CASCADE'),
        sa.ForeignKeyConstraint(['started_by'], ['agents.id']),
        sa.PrimaryKeyConstraint('id'))
    op.create_index('ix_practice_runs_agent_id', 'practice_runs', ['agent_id', 'id'])
