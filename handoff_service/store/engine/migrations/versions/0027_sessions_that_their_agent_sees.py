"""Adds each session's device and last use, the progress of the setup in the browser, and hidden
checks."""

import sqlalchemy as sa
from alembic import op
from handoff_service.store.engine.tables import UtcTime

revision = '0027'
down_revision = '0026'


def upgrade() -> None:
    op.add_column('sessions', sa.Column('last_used_at', UtcTime(), nullable=True))
    op.add_column('sessions', sa.Column('device', sa.Text(), nullable=False, server_default=sa.text("''")))
    for name in ('setup_steps', 'hidden_checks'):
        op.add_column('installation', sa.Column(name, sa.JSON(), nullable=False,
            server_default=sa.text("'[]'")))
