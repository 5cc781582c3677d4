"""Adds the admin's choice of fields on offer cards, and an index by which the day report finds
closed interactions.
"""

import sqlalchemy as sa
from alembic import op

revision = '0007'
down_revision = '0006'


def upgrade() -> None:
    op.add_column('desk',
        sa.Column('card_fields', sa.JSON(), server_default=sa.text("'[]'"), nullable=False))
    closed = sa.text('closed_at IS NOT NULL')
    op.create_index('ix_interactions_closed_at', 'interactions', ['closed_at'], sqlite_where=closed,
        postgresql_where=closed)
