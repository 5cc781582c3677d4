"""Allows only one training run at a time, which reports its progress, and adds the time since which
a model has had its state."""

import sqlalchemy as sa
from alembic import op
from handoff_service.store.engine.tables import UtcTime

revision = '0025'
down_revision = '0024'

RUNS = sa.text("state = 'running'")


def upgrade() -> None:
    for table, column, like in (('bot_models', 'since', 'trained_at'),
                                ('training_runs', 'seen_at', 'started_at')):
        op.add_column(table, sa.Column(column, UtcTime(), nullable=True))
        op.execute(f'UPDATE {table} SET {column} = {like}')
        with op.batch_alter_table(table) as changed:
            changed.alter_column(column, existing_type=UtcTime(), nullable=False)
    with op.batch_alter_table('training_runs') as runs:
        runs.add_column(sa.Column('doing', sa.Text(), nullable=True))
    op.create_index('uq_training_runs_running', 'training_runs', ['state'], unique=True,
        sqlite_where=RUNS, postgresql_where=RUNS)
    op.create_index('ix_bot_turns_model', 'bot_turns', ['model', 'asked_at'])
