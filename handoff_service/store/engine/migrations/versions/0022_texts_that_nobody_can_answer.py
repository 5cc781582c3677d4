"""Adds the setting for whether texts from senders who cannot get replies go to queues. Without a
queue, these conversations have no owner."""

import sqlalchemy as sa
from alembic import op

revision = '0022'
down_revision = '0021'


def upgrade() -> None:
    op.add_column('desk',
        sa.Column('queue_unanswerable', sa.Boolean(), server_default=sa.false(), nullable=False))
    op.execute(
        "UPDATE interactions SET owner = 'none' WHERE closed_at IS NULL AND owner = 'queue' "
        "AND NOT EXISTS (SELECT 1 FROM work_items WHERE work_items.interaction_id = "
        "interactions.id)"
    )
