"""Adds the facts of conversations for reports, and their columns packed by day."""

import sqlalchemy as sa
from alembic import op
from handoff_service.store.engine.tables import UtcTime

revision = '0046'
down_revision = '0045'


def upgrade() -> None:
    op.create_table('report_columns',
    sa.Column('name', sa.Text(), nullable=False),
    sa.Column('day', sa.Text(), nullable=False),
    sa.Column('type', sa.Text(), nullable=False),
    sa.Column('data', sa.LargeBinary(), nullable=False),
    sa.Column('lengths', sa.LargeBinary(), nullable=True),
    sa.Column('words', sa.JSON(), server_default=sa.text("'[]'"), nullable=False),
    sa.PrimaryKeyConstraint('name', 'day', name=op.f('pk_report_columns'))
    )
    op.create_table('report_days',
    sa.Column('day', sa.Text(), nullable=False),
    sa.Column('version', sa.BigInteger(), nullable=False),
    sa.Column('packed', sa.BigInteger(), nullable=True),
    sa.Column('changed_at', UtcTime(), nullable=False),
    sa.PrimaryKeyConstraint('day', name=op.f('pk_report_days'))
    )
    progress = op.create_table('report_progress',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('done_to', sa.BigInteger(), nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_report_progress'))
    )
    op.create_table('conversation_facts',
    sa.Column('interaction_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), autoincrement=False, nullable=False),
    sa.Column('day', sa.Text(), nullable=False),
    sa.Column('look_again_at', UtcTime(), nullable=True),
    sa.Column('queue_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('provider_number_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('agent_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('labels', sa.Text(), nullable=False),
    sa.Column('language', sa.Text(), nullable=True),
    sa.Column('topic', sa.Text(), nullable=True),
    sa.Column('began', sa.Text(), nullable=False),
    sa.Column('bot_result', sa.Text(), nullable=True),
    sa.Column('handoff_reason', sa.Text(), nullable=True),
    sa.Column('is_closed', sa.Integer(), nullable=False),
    sa.Column('is_abandoned', sa.Integer(), nullable=False),
    sa.Column('was_queued', sa.Integer(), nullable=False),
    sa.Column('is_abandoned_waiting', sa.Integer(), nullable=False),
    sa.Column('was_reopened', sa.Integer(), nullable=False),
    sa.Column('came_back', sa.Integer(), nullable=True),
    sa.Column('is_durable', sa.Integer(), nullable=True),
    sa.Column('first_response', sa.Integer(), nullable=True),
    sa.Column('first_response_business', sa.Integer(), nullable=True),
    sa.Column('waiting', sa.Integer(), nullable=True),
    sa.Column('handling', sa.Integer(), nullable=True),
    sa.Column('resolution', sa.Integer(), nullable=True),
    sa.Column('resolution_business', sa.Integer(), nullable=True),
    sa.Column('next_responses', sa.Text(), nullable=False),
    sa.Column('next_responses_business', sa.Text(), nullable=False),
    sa.Column('texts_in', sa.Integer(), nullable=False),
    sa.Column('texts_out', sa.Integer(), nullable=False),
    sa.Column('delivered', sa.Integer(), nullable=False),
    sa.Column('failed_codes', sa.Text(), nullable=False),
    sa.Column('segments', sa.Integer(), nullable=False),
    sa.Column('cost', sa.BigInteger(), nullable=False),
    sa.Column('currency', sa.Text(), nullable=True),
    sa.Column('not_understood', sa.Integer(), nullable=False),
    sa.Column('promises_kept', sa.Integer(), nullable=False),
    sa.Column('promises_missed', sa.Integer(), nullable=False),
    sa.Column('answered_by', sa.Text(), nullable=False),
    sa.Column('accepted_by', sa.Text(), nullable=False),
    sa.Column('declined_by', sa.Text(), nullable=False),
    sa.Column('expired_by', sa.Text(), nullable=False),
    sa.ForeignKeyConstraint(['interaction_id'], ['interactions.id'], name=op.f('fk_conversation_facts_interaction_id_interactions'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('interaction_id', name=op.f('pk_conversation_facts'))
    )
    with op.batch_alter_table('conversation_facts', schema=None) as batch_op:
        batch_op.create_index('ix_conversation_facts_day', ['day', 'interaction_id'], unique=False)
        batch_op.create_index('ix_conversation_facts_look_again_at', ['look_again_at'], unique=False, sqlite_where=sa.text('look_again_at IS NOT NULL'), postgresql_where=sa.text('look_again_at IS NOT NULL'))
    op.bulk_insert(progress, [{'id': 1, 'done_to': 0}])
