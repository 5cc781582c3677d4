"""Adds the time of an agent's last activity in a session."""

import sqlalchemy as sa
from alembic import op
from handoff_service.store.engine.tables import UtcTime

revision = '0040'
down_revision = '0039'


def upgrade() -> None:
    op.add_column('sessions', sa.Column('last_active_at', UtcTime(), nullable=True))
