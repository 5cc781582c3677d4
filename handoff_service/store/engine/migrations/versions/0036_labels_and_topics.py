"""Adds labels of conversations, and the topic that an agent chooses to close a conversation."""

import sqlalchemy as sa
from alembic import op
from handoff_service.store.engine.tables import ID

revision = '0036'
down_revision = '0035'


def upgrade() -> None:
    op.create_table('labels',
        sa.Column('id', ID, nullable=False),
        sa.Column('name', sa.Text(), nullable=False),
        sa.Column('color', sa.Text(), nullable=False),
        sa.Column('topic', sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.PrimaryKeyConstraint('id'),
        sa.UniqueConstraint('name'))
    op.create_table('conversation_labels',
        sa.Column('interaction_id', ID, nullable=False),
        sa.Column('label_id', ID, nullable=False),
        sa.Column('is_topic', sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.ForeignKeyConstraint(['interaction_id'], ['interactions.id'], ondelete='CASCADE'),
        sa.ForeignKeyConstraint(['label_id'], ['labels.id'], ondelete='CASCADE'),
        sa.PrimaryKeyConstraint('interaction_id', 'label_id'))
    op.create_index('ix_conversation_labels_label_id', 'conversation_labels',
        ['label_id', 'interaction_id'])
    op.add_column('desk', sa.Column(
        'ask_topic', sa.Boolean(), server_default=sa.false(), nullable=False))
