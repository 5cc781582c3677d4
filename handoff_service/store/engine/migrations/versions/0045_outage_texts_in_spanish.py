"""Texts to everybody who reported an outage: the one in Spanish."""

import sqlalchemy as sa
from alembic import op

revision = '0045'
down_revision = '0043'


def upgrade() -> None:
    op.add_column('outage_texts', sa.Column('body_es', sa.Text(), nullable=True))
