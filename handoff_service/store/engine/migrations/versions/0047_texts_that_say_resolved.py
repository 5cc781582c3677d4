"""Adds an index of texts that announce that a case is resolved or an outage is over."""

import sqlalchemy as sa
from alembic import op

revision = '0047'
down_revision = '0046'


def upgrade() -> None:
    says_resolved = sa.text("event IN ('case_text', 'outage_over')")
    op.create_index('ix_messages_says_resolved', 'messages', ['interaction_id'], unique=False, sqlite_where=says_resolved, postgresql_where=says_resolved)
