"""Adds the watch over the company's own SMS gateway, such as a phone."""

import sqlalchemy as sa
from alembic import op
from handoff_service.store.engine.tables import ID, UtcTime

revision = '0075'
down_revision = '0072'


def upgrade() -> None:
    op.create_table('gateway_watch',
        sa.Column('id', ID, nullable=False),
        sa.Column('failing_since', UtcTime(), nullable=True),
        sa.Column('reason', sa.Text(), nullable=True),
        sa.Column('alerted_at', UtcTime(), nullable=True),
        sa.Column('heard_at', UtcTime(), nullable=True),
        sa.PrimaryKeyConstraint('id'))
