"""Adds each agent's sort and filter for the list of ongoing conversations, and saved views."""

import sqlalchemy as sa
from alembic import op
from handoff_service.store.engine.tables import ID

revision = '0037'
down_revision = '0036'


def upgrade() -> None:
    op.create_table('list_choices',
        sa.Column('agent_id', ID, nullable=False),
        sa.Column('sort', sa.Text(), nullable=False),
        sa.Column('tag', sa.Text(), nullable=True),
        sa.Column('label_id', ID, nullable=True),
        sa.ForeignKeyConstraint(['agent_id'], ['agents.id'], ondelete='CASCADE'),
        sa.ForeignKeyConstraint(['label_id'], ['labels.id'], ondelete='CASCADE'),
        sa.PrimaryKeyConstraint('agent_id'))
    op.create_table('list_views',
        sa.Column('id', ID, nullable=False),
        sa.Column('agent_id', ID, nullable=False),
        sa.Column('name', sa.Text(), nullable=False),
        sa.Column('sort', sa.Text(), nullable=False),
        sa.Column('tag', sa.Text(), nullable=True),
        sa.Column('label_id', ID, nullable=True),
        sa.Column('shared', sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.ForeignKeyConstraint(['agent_id'], ['agents.id'], ondelete='CASCADE'),
        sa.ForeignKeyConstraint(['label_id'], ['labels.id'], ondelete='CASCADE'),
        sa.PrimaryKeyConstraint('id'),
        sa.UniqueConstraint('agent_id', 'name'))
