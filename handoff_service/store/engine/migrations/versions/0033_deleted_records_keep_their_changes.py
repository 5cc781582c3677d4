"""Adds deleted records: their last values, their changes and who deleted them."""

import sqlalchemy as sa
from alembic import op
from handoff_service.store.engine.tables import ID, UtcTime

revision = '0033'
down_revision = '0030'


def upgrade() -> None:
    op.create_table('deleted_records',
        sa.Column('id', ID, nullable=False),
        sa.Column('noun', sa.Text(), nullable=False),
        sa.Column('name', sa.Text(), nullable=False),
        sa.Column('agent_id', ID, nullable=True),
        sa.Column('changes', sa.JSON(), nullable=False),
        sa.Column('at', UtcTime(), nullable=False),
        sa.ForeignKeyConstraint(['agent_id'], ['agents.id'], name=op.f('fk_deleted_records_agent_id_agents')),
        sa.PrimaryKeyConstraint('id', name=op.f('pk_deleted_records')),
    )
    op.create_index('ix_deleted_records_noun', 'deleted_records', ['noun', 'id'])
