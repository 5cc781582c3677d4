"""Adds attributes with choices, or with yes and no, to the facts of conversations."""

from datetime import UTC, datetime

import sqlalchemy as sa
from alembic import op
from handoff_service.store.engine.tables import UtcTime

revision = '0072'
down_revision = '0071'


def upgrade() -> None:
    op.add_column('conversation_facts', sa.Column('attribute_values', sa.Text(), server_default=sa.text("''"), nullable=False))
    # the job computes these facts again
    facts = sa.table('conversation_facts', sa.column('interaction_id'), sa.column('look_again_at', UtcTime()))
    with_attributes = sa.select(sa.table('conversation_attributes', sa.column('interaction_id')).c.interaction_id)
    op.execute(
        facts.update()
        .where(facts.c.interaction_id.in_(with_attributes))
        .values(look_again_at=datetime(2026, 1, 1, tzinfo=UTC))
    )
    # the packed days lack the new column
    op.execute('UPDATE report_days SET packed = NULL')
