"""Adds fingerprints of identity facts, which show whether a fact has changed."""

import sqlalchemy as sa
from alembic import op

revision = '0018'
down_revision = '0017'


def upgrade() -> None:
    op.add_column('user_facts', sa.Column('fingerprint', sa.Text(), nullable=True))
