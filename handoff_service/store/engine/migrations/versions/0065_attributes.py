"""Adds attributes that an admin defines for users and conversations."""

import sqlalchemy as sa
from alembic import op
from handoff_service.store.engine.tables import ID

revision = '0065'
down_revision = '0060'


def upgrade() -> None:
    op.create_table('attributes',
    sa.Column('id', ID, nullable=False),
    sa.Column('owner', sa.Text(), nullable=False),
    sa.Column('key', sa.Text(), nullable=False),
    sa.Column('name', sa.Text(), nullable=False),
    sa.Column('type', sa.Text(), nullable=False),
    sa.Column('choices', sa.JSON(), server_default=sa.text("'[]'"), nullable=False),
    sa.Column('required_to_close', sa.Boolean(), server_default=sa.false(), nullable=False),
    sa.Column('shown', sa.Text(), nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_attributes')),
    sa.UniqueConstraint('owner', 'key', name=op.f('uq_attributes_owner_key'))
    )
    op.create_table('conversation_attributes',
    sa.Column('interaction_id', ID, nullable=False),
    sa.Column('key', sa.Text(), nullable=False),
    sa.Column('value', sa.Text(), nullable=False),
    sa.ForeignKeyConstraint(['interaction_id'], ['interactions.id'], name=op.f('fk_conversation_attributes_interaction_id_interactions'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('interaction_id', 'key', name=op.f('pk_conversation_attributes'))
    )
    op.create_index('ix_conversation_attributes_key', 'conversation_attributes', ['key', 'value'])
