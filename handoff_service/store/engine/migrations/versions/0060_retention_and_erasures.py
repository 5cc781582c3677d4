"""Adds retention, erasures of people, and opt-outs that outlive an erasure."""

import sqlalchemy as sa
from alembic import op
from handoff_service.store.engine.tables import ID, UtcTime

revision = '0060'
down_revision = '0058'


def upgrade() -> None:
    zero, none, nothing = sa.text('0'), sa.text("'[]'"), sa.text("'{}'")
    for kind in ('texts', 'media', 'notes', 'conversations', 'work_logs', 'trainer_items', 'audit'):
        op.add_column('desk', sa.Column(f'keep_{kind}_days', sa.Integer(), server_default=zero, nullable=False))
    op.add_column('interactions', sa.Column('emptied_at', UtcTime(), nullable=True))
    op.add_column('messages', sa.Column('emptied_at', UtcTime(), nullable=True))
    op.create_table('retention',
        sa.Column('kind', sa.Text(), nullable=False),
        sa.Column('done_to', UtcTime(), nullable=True),
        sa.Column('state', sa.Text(), nullable=False),
        sa.Column('removed', sa.Integer(), server_default=zero, nullable=False),
        sa.Column('began_at', UtcTime(), nullable=False),
        sa.Column('ended_at', UtcTime(), nullable=True),
        sa.PrimaryKeyConstraint('kind', name=op.f('pk_retention')))
    op.create_table('erasures',
        sa.Column('id', ID, nullable=False),
        sa.Column('agent_id', ID, nullable=True),
        sa.Column('state', sa.Text(), nullable=False),
        sa.Column('step', sa.Text(), nullable=False),
        sa.Column('numbers', sa.JSON(), server_default=none, nullable=False),
        sa.Column('user_id', ID, nullable=True),
        sa.Column('words', sa.JSON(), server_default=none, nullable=False),
        sa.Column('number_hashes', sa.JSON(), server_default=none, nullable=False),
        sa.Column('newest_interaction', ID, nullable=False),
        sa.Column('planned', sa.JSON(), server_default=nothing, nullable=False),
        sa.Column('removed', sa.JSON(), server_default=nothing, nullable=False),
        sa.Column('left', sa.JSON(), server_default=none, nullable=False),
        sa.Column('requested_at', UtcTime(), nullable=False),
        sa.Column('ended_at', UtcTime(), nullable=True),
        sa.ForeignKeyConstraint(['agent_id'], ['agents.id'], name=op.f('fk_erasures_agent_id_agents')),
        sa.PrimaryKeyConstraint('id', name=op.f('pk_erasures')))
    op.create_table('erased_copies',
        sa.Column('id', ID, nullable=False),
        sa.Column('erasure_id', ID, nullable=False),
        sa.Column('provider_sid', sa.Text(), nullable=False),
        sa.Column('state', sa.Text(), nullable=False),
        sa.Column('why', sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(['erasure_id'], ['erasures.id'], name=op.f('fk_erased_copies_erasure_id_erasures'), ondelete='CASCADE'),
        sa.PrimaryKeyConstraint('id', name=op.f('pk_erased_copies')))
    op.create_index('ix_erased_copies_erasure_id', 'erased_copies', ['erasure_id', 'state'])
    op.create_table('kept_opt_outs',
        sa.Column('number_hash', sa.Text(), nullable=False),
        sa.Column('provider_number_id', ID, autoincrement=False, nullable=False),
        sa.Column('source', sa.Text(), nullable=False),
        sa.Column('at', UtcTime(), nullable=False),
        sa.PrimaryKeyConstraint('number_hash', 'provider_number_id', name=op.f('pk_kept_opt_outs')))
