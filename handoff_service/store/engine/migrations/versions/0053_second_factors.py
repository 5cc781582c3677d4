"""Adds second factors: authenticator apps, backup codes and passkeys."""

import sqlalchemy as sa
from alembic import op
from handoff_service.store.engine.tables import ID, UtcTime

revision = '0053'
down_revision = '0052'


def upgrade() -> None:
    op.create_table('authenticators',
    sa.Column('agent_id', ID, autoincrement=False, nullable=False),
    sa.Column('secret', sa.Text(), nullable=False),
    sa.Column('confirmed_at', UtcTime(), nullable=True),
    sa.Column('last_step', sa.BigInteger(), server_default=sa.text('0'), nullable=False),
    sa.ForeignKeyConstraint(['agent_id'], ['agents.id'], name=op.f('fk_authenticators_agent_id_agents'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('agent_id', name=op.f('pk_authenticators'))
    )
    op.create_table('backup_codes',
    sa.Column('id', ID, nullable=False),
    sa.Column('agent_id', ID, nullable=False),
    sa.Column('code_hash', sa.Text(), nullable=False),
    sa.ForeignKeyConstraint(['agent_id'], ['agents.id'], name=op.f('fk_backup_codes_agent_id_agents'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_backup_codes')),
    sa.UniqueConstraint('agent_id', 'code_hash', name=op.f('uq_backup_codes_agent_id_code_hash'))
    )
    op.create_table('passkeys',
    sa.Column('id', ID, nullable=False),
    sa.Column('agent_id', ID, nullable=False),
    sa.Column('credential_id', sa.Text(), nullable=False),
    sa.Column('public_key', sa.LargeBinary(), nullable=False),
    sa.Column('sign_count', sa.BigInteger(), nullable=False),
    sa.Column('name', sa.Text(), nullable=False),
    sa.Column('created_at', UtcTime(), nullable=False),
    sa.Column('last_used_at', UtcTime(), nullable=True),
    sa.ForeignKeyConstraint(['agent_id'], ['agents.id'], name=op.f('fk_passkeys_agent_id_agents'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_passkeys')),
    sa.UniqueConstraint('credential_id', name=op.f('uq_passkeys_credential_id'))
    )
    op.create_index('ix_passkeys_agent_id', 'passkeys', ['agent_id'], unique=False)
    op.add_column('desk', sa.Column('second_factor_roles', sa.JSON(), server_default=sa.text("'[]'"), nullable=False))
    op.add_column('sessions', sa.Column('second_factor', sa.Boolean(), server_default=sa.false(), nullable=False))
