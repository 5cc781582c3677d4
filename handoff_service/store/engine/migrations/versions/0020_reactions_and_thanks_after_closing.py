"""Adds reactions to messages, and how long thank-yous stay in a closed conversation."""

import sqlalchemy as sa
from alembic import op

revision = '0020'
down_revision = '0019'


def upgrade() -> None:
    op.add_column('messages', sa.Column('reaction', sa.Text(), nullable=True))
    op.add_column('desk',
        sa.Column('thanks_minutes', sa.Integer(), server_default=sa.text('10'), nullable=False))
