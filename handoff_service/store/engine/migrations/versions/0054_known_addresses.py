"""Adds the addresses from which agents have signed in."""

import sqlalchemy as sa
from alembic import op
from handoff_service.store.engine.tables import ID, UtcTime

revision = '0054'
down_revision = '0053'


def upgrade() -> None:
    op.create_table('known_addresses',
    sa.Column('key', sa.Text(), nullable=False),
    sa.Column('agent_id', ID, nullable=False),
    sa.Column('last_at', UtcTime(), nullable=False),
    sa.ForeignKeyConstraint(['agent_id'], ['agents.id'], name=op.f('fk_known_addresses_agent_id_agents'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('key', name=op.f('pk_known_addresses'))
    )
