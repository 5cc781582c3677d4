"""Adds service tokens and their technical agents."""

import sqlalchemy as sa
from alembic import op
from handoff_service.store.engine.tables import ID, UtcTime

revision = '0056'
down_revision = '0055'


def upgrade() -> None:
    op.add_column('agents', sa.Column('is_service', sa.Boolean(), server_default=sa.false(), nullable=False))
    op.create_table('service_tokens',
        sa.Column('id', ID, nullable=False),
        sa.Column('agent_id', ID, nullable=False),
        sa.Column('name', sa.Text(), nullable=False),
        sa.Column('token_hash', sa.Text(), nullable=False),
        sa.Column('scopes', sa.JSON(), server_default=sa.text("'[]'"), nullable=False),
        sa.Column('rate', sa.Integer(), nullable=False),
        sa.Column('created_at', UtcTime(), nullable=False),
        sa.Column('created_by', ID, nullable=True),
        sa.Column('expires_at', UtcTime(), nullable=False),
        sa.Column('last_used_at', UtcTime(), nullable=True),
        sa.Column('revoked_at', UtcTime(), nullable=True),
        sa.Column('revoked_by', ID, nullable=True),
        sa.ForeignKeyConstraint(['agent_id'], ['agents.id'], name=op.f('fk_service_tokens_agent_id_agents')),
        sa.ForeignKeyConstraint(['created_by'], ['agents.id'], name=op.f('fk_service_tokens_created_by_agents')),
        sa.ForeignKeyConstraint(['revoked_by'], ['agents.id'], name=op.f('fk_service_tokens_revoked_by_agents')),
        sa.PrimaryKeyConstraint('id', name=op.f('pk_service_tokens')),
        sa.UniqueConstraint('token_hash', name=op.f('uq_service_tokens_token_hash')))
