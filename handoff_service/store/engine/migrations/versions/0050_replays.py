"""Adds replays, which are dry runs of a change to queues and agents."""

import sqlalchemy as sa
from alembic import op
from handoff_service.store.engine.tables import UtcTime

revision = '0050'
down_revision = '0049'

ID = sa.BigInteger().with_variant(sa.Integer(), 'sqlite')


def upgrade() -> None:
    op.create_table('replays',
    sa.Column('id', ID, nullable=False),
    sa.Column('started_by', ID, nullable=False),
    sa.Column('change', sa.JSON(), server_default=sa.text("'{}'"), nullable=False),
    sa.Column('state', sa.Text(), nullable=False),
    sa.Column('progress', sa.Integer(), server_default=sa.text('0'), nullable=False),
    sa.Column('result', sa.JSON(), server_default=sa.text("'{}'"), nullable=False),
    sa.Column('started_at', UtcTime(), nullable=False),
    sa.Column('ended_at', UtcTime(), nullable=True),
    sa.ForeignKeyConstraint(['started_by'], ['agents.id'], name=op.f('fk_replays_started_by_agents'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_replays'))
    )
