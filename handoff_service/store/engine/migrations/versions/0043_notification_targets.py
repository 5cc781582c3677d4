"""Adds targets for notifications while agents have no workspace page open."""

import sqlalchemy as sa
from alembic import op
from handoff_service.store.engine.tables import ID, UtcTime

revision = '0043'
down_revision = '0042'


def upgrade() -> None:
    op.create_table('notification_targets',
        sa.Column('id', ID, nullable=False),
        sa.Column('agent_id', ID, nullable=False),
        sa.Column('way', sa.Text(), nullable=False),
        sa.Column('address', sa.Text(), nullable=False),
        sa.Column('keys', sa.JSON(), server_default=sa.text("'{}'"), nullable=False),
        sa.Column('name', sa.Text(), nullable=False),
        sa.Column('created_at', UtcTime(), nullable=False),
        sa.Column('noticed_at', UtcTime(), nullable=False),
        sa.Column('sent_at', UtcTime(), nullable=True),
        sa.Column('error', sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(['agent_id'], ['agents.id'], ondelete='CASCADE'),
        sa.PrimaryKeyConstraint('id'),
        sa.UniqueConstraint('agent_id', 'way', 'address'))
