"""Adds the latest due time of work that is postponed repeatedly, and an index of texts that a full
range has blocked."""

import sqlalchemy as sa
from alembic import op
from handoff_service.store.engine.tables import UtcTime

revision = '0013'
down_revision = '0012'


def upgrade() -> None:
    op.add_column('due_work', sa.Column('latest', UtcTime(), nullable=True))
    op.create_index(
        'ix_messages_in_full_range', 'messages', ['created_at'],
        sqlite_where=sa.text('error_code = 30450'), postgresql_where=sa.text('error_code = 30450'),
    )
