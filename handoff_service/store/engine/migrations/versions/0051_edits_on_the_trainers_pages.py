"""Adds edits on the trainer's pages. After the first edit, changed data goes live only when a
trainer promotes a model."""

import sqlalchemy as sa
from alembic import op
from handoff_service.store.engine.tables import ID, UtcTime

revision = '0051'
down_revision = '0050'


def upgrade() -> None:
    op.create_table('trainer_edits',
        sa.Column('id', ID, nullable=False),
        sa.Column('agent_id', ID, nullable=False),
        sa.Column('made_at', UtcTime(), nullable=False),
        sa.ForeignKeyConstraint(['agent_id'], ['agents.id']),
        sa.PrimaryKeyConstraint('id'))
