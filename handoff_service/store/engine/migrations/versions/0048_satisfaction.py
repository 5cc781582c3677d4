"""Adds satisfaction questions after closing, and grades for reports."""

import sqlalchemy as sa
from alembic import op
from handoff_service.store.engine.tables import ID, UtcTime

revision = '0048'
down_revision = '0047'


def upgrade() -> None:
    op.add_column('queues', sa.Column('satisfaction_after_hours', sa.Integer(), nullable=True))
    op.add_column('queues', sa.Column('satisfaction_every_days', sa.Integer(), server_default=sa.text('30'), nullable=False))
    op.create_table('satisfaction_questions',
    sa.Column('interaction_id', ID, nullable=False, autoincrement=False),
    sa.Column('requester_number', sa.Text(), nullable=False),
    sa.Column('provider_number_id', ID, nullable=False, autoincrement=False),
    sa.Column('message_id', ID, nullable=False, autoincrement=False),
    sa.Column('asked_at', UtcTime(), nullable=False),
    sa.Column('grade', sa.Integer(), nullable=True),
    sa.Column('graded_at', UtcTime(), nullable=True),
    sa.Column('comment', sa.Text(), nullable=True),
    sa.Column('alert_seq', sa.Integer(), nullable=True),
    sa.ForeignKeyConstraint(['interaction_id'], ['interactions.id'], name=op.f('fk_satisfaction_questions_interaction_id_interactions'), ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['message_id'], ['messages.id'], name=op.f('fk_satisfaction_questions_message_id_messages'), ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['provider_number_id'], ['provider_numbers.id'], name=op.f('fk_satisfaction_questions_provider_number_id_provider_numbers')),
    sa.PrimaryKeyConstraint('interaction_id', name=op.f('pk_satisfaction_questions'))
    )
    low = sa.text('grade <= 2')
    op.create_index('ix_satisfaction_questions_low_grade', 'satisfaction_questions', ['graded_at'], unique=False, sqlite_where=low, postgresql_where=low)
    op.create_index('ix_satisfaction_questions_requester_number', 'satisfaction_questions', ['requester_number', 'asked_at'], unique=False)
    op.add_column('conversation_facts', sa.Column('was_asked', sa.Integer(), server_default=sa.text('0'), nullable=False))
    op.add_column('conversation_facts', sa.Column('grade', sa.Integer(), nullable=True))
    op.add_column('conversation_facts', sa.Column('solved_by', sa.Text(), nullable=True))
