"""Adds pinned models, whose files are never deleted, and disputes that a trainer has settled."""

import sqlalchemy as sa
from alembic import op

revision = '0034'
down_revision = '0033'


def upgrade() -> None:
    op.add_column('bot_models',
        sa.Column('is_pinned', sa.Boolean(), server_default=sa.false(), nullable=False))
    op.add_column('trainer_labels', sa.Column('disputed', sa.Text(), nullable=True))
