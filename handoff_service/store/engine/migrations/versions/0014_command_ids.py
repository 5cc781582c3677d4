"""Adds command ids, so that a repeated command returns its stored answer, and the commit number of
each lane."""

import sqlalchemy as sa
from alembic import op
from handoff_service.store.engine.tables import UtcTime

revision = '0014'
down_revision = '0013'


def upgrade() -> None:
    op.create_table(
        'command_ids',
        sa.Column('id', sa.Text(), nullable=False),
        sa.Column('body_hash', sa.Text(), nullable=False),
        sa.Column('answer', sa.Text(), nullable=True),
        sa.Column('response_status', sa.Integer(), nullable=True),
        sa.Column('response', sa.Text(), nullable=True),
        sa.Column('at', UtcTime(), nullable=False),
        sa.PrimaryKeyConstraint('id', name=op.f('pk_command_ids')),
    )
    op.create_index('ix_command_ids_at', 'command_ids', ['at'])
    op.create_table(
        'lane_commits',
        sa.Column('lane', sa.Text(), nullable=False),
        sa.Column('number', sa.BigInteger(), nullable=False),
        sa.Column('at', UtcTime(), nullable=False),
        sa.PrimaryKeyConstraint('lane', name=op.f('pk_lane_commits')),
    )
