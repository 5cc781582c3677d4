"""Adds what the identity provider reports about a sign-in: its own session, and when the person
signed in there.
"""

import sqlalchemy as sa
from alembic import op
from handoff_service.store.engine.tables import UtcTime

revision = '0067'
down_revision = '0066'


def upgrade() -> None:
    op.add_column('sessions', sa.Column('provider_session', sa.Text(), nullable=True))
    op.add_column('sessions', sa.Column('authenticated_at', UtcTime(), nullable=True))
