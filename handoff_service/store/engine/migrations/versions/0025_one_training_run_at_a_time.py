"""One training run at a time, which says that it runs; since when a model is what it is."""

import sqlalchemy as sa
from alembic import op
from handoff_service.store.engine.tables import UtcTime

revision = '0025'
down_revision = '0024'

RUNS = sa.text("state = 'running'")


def upgrade() -> None:
    # Both tables are new and empty.
    with op.batch_alter_table('bot_models') as models:
        models.add_column(sa.Column('since', UtcTime(), nullable=False))
    with op.batch_alter_table('training_runs') as runs:
        runs.add_column(sa.Column('doing', sa.Text(), nullable=True))
        runs.add_column(sa.Column('seen_at', UtcTime(), nullable=False))
        runs.create_index('uq_training_runs_running', ['state'], unique=True, sqlite_where=RUNS,
            postgresql_where=RUNS)
    op.create_index('ix_bot_turns_model', 'bot_turns', ['model', 'asked_at'])
