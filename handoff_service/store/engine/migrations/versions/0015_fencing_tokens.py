"""Adds fencing tokens to claimed work."""

import sqlalchemy as sa
from alembic import op

revision = '0015'
down_revision = '0014'


def upgrade() -> None:
    op.add_column('due_work', sa.Column('token', sa.BigInteger(), nullable=True))
