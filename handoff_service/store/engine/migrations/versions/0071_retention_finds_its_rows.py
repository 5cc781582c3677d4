"""Adds indexes, so that retention does not read whole tables in the lane."""

from alembic import op

revision = '0071'
down_revision = '0070'

INDEXES = (
    ('colleague_notices', 'interaction_id'),
    ('pinned_texts', 'item_id'),
    ('proof_sends', 'proof_id'),
    ('trainer_items', 'cluster'),
)


def upgrade() -> None:
    for table, column in INDEXES:
        op.create_index(f'ix_{table}_{column}', table, [column])
