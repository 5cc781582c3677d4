"""Adds unread thank-yous after closing."""

import sqlalchemy as sa
from alembic import op

revision = '0023'
down_revision = '0022'


def upgrade() -> None:
    op.add_column('interactions', sa.Column('thanked_seq', sa.Integer(), nullable=True))
    where = sa.text('thanked_seq IS NOT NULL')
    op.create_index(
        'ix_interactions_thanked', 'interactions', ['assigned_to'], sqlite_where=where,
        postgresql_where=where
    )
