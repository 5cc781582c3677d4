"""Adds the change history of records that admins edit."""

import sqlalchemy as sa
from alembic import op
from handoff_service.store.engine.tables import ID, UtcTime

revision = '0028'
down_revision = '0027'


def upgrade() -> None:
    op.create_table('record_changes',
        sa.Column('id', ID, nullable=False),
        sa.Column('noun', sa.Text(), nullable=False),
        sa.Column('record', sa.Text(), nullable=False),
        sa.Column('version', sa.Integer(), nullable=False),
        sa.Column('agent_id', ID, nullable=True),
        sa.Column('changes', sa.JSON(), nullable=False),
        sa.Column('at', UtcTime(), nullable=False),
        sa.ForeignKeyConstraint(['agent_id'], ['agents.id'], name=op.f('fk_record_changes_agent_id_agents')),
        sa.PrimaryKeyConstraint('id', name=op.f('pk_record_changes')),
        sa.UniqueConstraint('noun', 'record', 'version', name=op.f('uq_record_changes_noun_record_version')),
    )
