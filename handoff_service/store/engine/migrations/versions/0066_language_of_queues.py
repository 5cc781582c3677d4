"""Adds the language of a queue."""

import sqlalchemy as sa
from alembic import op

revision = '0066'
down_revision = '0065'


def upgrade() -> None:
    op.add_column('queues', sa.Column('language', sa.Text(), server_default=sa.text("'en'"), nullable=False))
