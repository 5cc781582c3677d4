"""Adds macros."""

import sqlalchemy as sa
from alembic import op
from handoff_service.store.engine.tables import ID

revision = '0039'
down_revision = '0038'


def upgrade() -> None:
    op.create_table('macros',
        sa.Column('id', ID, nullable=False),
        sa.Column('name', sa.Text(), nullable=False),
        sa.Column('template_id', ID, nullable=True),
        sa.Column('label_id', ID, nullable=True),
        sa.Column('note', sa.Text(), nullable=True),
        sa.Column('to_me', sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column('agent_id', ID, nullable=True),
        sa.Column('queue_id', ID, nullable=True),
        sa.Column('state', sa.Text(), nullable=True),
        sa.Column('hold_seconds', sa.Integer(), nullable=True),
        sa.Column('then', sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(['agent_id'], ['agents.id']),
        sa.ForeignKeyConstraint(['label_id'], ['labels.id']),
        sa.ForeignKeyConstraint(['queue_id'], ['queues.id']),
        sa.ForeignKeyConstraint(['template_id'], ['templates.id']),
        sa.PrimaryKeyConstraint('id'),
        sa.UniqueConstraint('name'))
