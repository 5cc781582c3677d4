"""Adds restores, after which sends are held until an admin releases them, and the fingerprint of
the secret key."""

import sqlalchemy as sa
from alembic import op
from handoff_service.store.engine.tables import UtcTime

revision = '0017'
down_revision = '0016'
ID = sa.BigInteger().with_variant(sa.Integer(), 'sqlite')


def upgrade() -> None:
    op.create_table('secret_keys',
    sa.Column('id', ID, nullable=False),
    sa.Column('fingerprint', sa.Text(), nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_secret_keys'))
    )
    op.create_table('restores',
    sa.Column('id', ID, nullable=False),
    sa.Column('backed_up_at', UtcTime(), nullable=False),
    sa.Column('restored_at', UtcTime(), nullable=False),
    sa.Column('ended_at', UtcTime(), nullable=True),
    sa.Column('outcome', sa.Text(), nullable=True),
    sa.Column('agent_id', ID, autoincrement=False, nullable=True),
    sa.ForeignKeyConstraint(['agent_id'], ['agents.id'], name=op.f('fk_restores_agent_id_agents')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_restores'))
    )
