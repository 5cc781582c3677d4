"""Adds the language of an agent's pages."""

import sqlalchemy as sa
from alembic import op

revision = '0069'
down_revision = '0068'


def upgrade() -> None:
    op.add_column('agents', sa.Column('language', sa.Text(), nullable=True))
