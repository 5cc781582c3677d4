"""An agent sees each session's device and last use; set-up has an end, and its checks can be
hidden."""

import sqlalchemy as sa
from alembic import op
from handoff_service.store.engine.tables import UtcTime

revision = '0027'
down_revision = '0025'


def upgrade() -> None:
    op.add_column('sessions', sa.Column('last_used_at', UtcTime(), nullable=True))
    op.add_column('sessions', sa.Column('device', sa.Text(), nullable=False, server_default=sa.text("''")))
    op.add_column('installation', sa.Column('set_up_at', UtcTime(), nullable=True))
    op.add_column('installation', sa.Column('hidden_checks', sa.JSON(), nullable=False,
        server_default=sa.text("'[]'")))
