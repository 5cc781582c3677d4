"""Adds an index with which a worker finds the next due work of each kind.

Before, a search for kinds without work read the due work of all other kinds.
"""

import sqlalchemy as sa
from alembic import op

revision = '0079'
down_revision = '0078'


def upgrade() -> None:
    free = sa.text('lease_until IS NULL')
    op.create_index('ix_due_work_free', 'due_work', ['kind', 'due_at'], sqlite_where=free, postgresql_where=free)
