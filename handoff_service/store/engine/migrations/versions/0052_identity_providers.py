"""Adds identity providers, agents' accounts at them, and roles that sign in without a password."""

import sqlalchemy as sa
from alembic import op
from handoff_service.store.engine.tables import ID, UtcTime

revision = '0052'
down_revision = '0051'


def upgrade() -> None:
    op.create_table('identity_providers',
    sa.Column('id', ID, nullable=False),
    sa.Column('name', sa.Text(), nullable=False),
    sa.Column('issuer', sa.Text(), nullable=False),
    sa.Column('client_id', sa.Text(), nullable=False),
    sa.Column('client_secret', sa.Text(), nullable=True),
    sa.Column('scopes', sa.Text(), nullable=False),
    sa.Column('groups_claim', sa.Text(), nullable=False),
    sa.Column('roles', sa.JSON(), server_default=sa.text("'{}'"), nullable=False),
    sa.Column('groups', sa.JSON(), server_default=sa.text("'{}'"), nullable=False),
    sa.Column('domains', sa.JSON(), server_default=sa.text("'[]'"), nullable=False),
    sa.Column('creates_accounts', sa.Boolean(), server_default=sa.false(), nullable=False),
    sa.Column('asks_second_factor', sa.Boolean(), server_default=sa.false(), nullable=False),
    sa.Column('trusts_addresses', sa.Boolean(), server_default=sa.false(), nullable=False),
    sa.Column('active', sa.Boolean(), server_default=sa.true(), nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_identity_providers')),
    sa.UniqueConstraint('name', name=op.f('uq_identity_providers_name'))
    )
    op.create_table('agent_identities',
    sa.Column('provider_id', ID, autoincrement=False, nullable=False),
    sa.Column('subject', sa.Text(), nullable=False),
    sa.Column('agent_id', ID, autoincrement=False, nullable=False),
    sa.Column('linked_at', UtcTime(), nullable=False),
    sa.ForeignKeyConstraint(['provider_id'], ['identity_providers.id'], name=op.f('fk_agent_identities_provider_id_identity_providers'), ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['agent_id'], ['agents.id'], name=op.f('fk_agent_identities_agent_id_agents'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('provider_id', 'subject', name=op.f('pk_agent_identities'))
    )
    op.create_index('ix_agent_identities_agent_id', 'agent_identities', ['agent_id'], unique=False)
    op.create_table('sign_in_steps',
    sa.Column('key', sa.Text(), nullable=False),
    sa.Column('kind', sa.Text(), nullable=False),
    sa.Column('agent_id', ID, autoincrement=False, nullable=True),
    sa.Column('data', sa.JSON(), server_default=sa.text("'{}'"), nullable=False),
    sa.Column('expires_at', UtcTime(), nullable=False),
    sa.ForeignKeyConstraint(['agent_id'], ['agents.id'], name=op.f('fk_sign_in_steps_agent_id_agents'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('key', name=op.f('pk_sign_in_steps'))
    )
    op.add_column('desk', sa.Column('password_off_roles', sa.JSON(), server_default=sa.text("'[]'"), nullable=False))
    op.add_column('agents', sa.Column('always_password', sa.Boolean(), server_default=sa.false(), nullable=False))
    with op.batch_alter_table('sessions', schema=None) as batch_op:
        batch_op.add_column(sa.Column('provider_id', ID, nullable=True))
        batch_op.add_column(sa.Column('id_token', sa.Text(), nullable=True))
        batch_op.create_foreign_key(op.f('fk_sessions_provider_id_identity_providers'), 'identity_providers', ['provider_id'], ['id'], ondelete='SET NULL')
