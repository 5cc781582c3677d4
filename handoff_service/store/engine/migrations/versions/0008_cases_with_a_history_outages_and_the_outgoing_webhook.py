"""Adds a kind and a history to cases, and adds outages and the outgoing webhook.

Before this migration, only the virtual agent opened cases, always in a conversation. No table
refers to ``cases``, so this migration recreates it with the same ids, because SQLite cannot drop a
NOT NULL. The history of each existing case begins with its opening.
"""

import sqlalchemy as sa
from alembic import op
from handoff_service.store.engine.tables import UtcTime

revision = '0008'
down_revision = '0007'

ID = sa.BigInteger().with_variant(sa.Integer(), 'sqlite')


def upgrade() -> None:
    op.create_table('case_webhook',
    sa.Column('id', ID, nullable=False),
    sa.Column('url', sa.Text(), nullable=True),
    sa.Column('secret', sa.Text(), nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_case_webhook'))
    )
    op.create_table('outages',
    sa.Column('id', ID, nullable=False),
    sa.Column('title', sa.Text(), nullable=False),
    sa.Column('text', sa.Text(), nullable=False),
    sa.Column('since', UtcTime(), nullable=False),
    sa.Column('until', UtcTime(), nullable=True),
    sa.Column('active', sa.Boolean(), server_default=sa.true(), nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_outages')),
    sa.UniqueConstraint('title', name=op.f('uq_outages_title'))
    )
    _cases()
    op.create_table('case_changes',
    sa.Column('id', ID, nullable=False),
    sa.Column('case_id', ID, autoincrement=False, nullable=False),
    sa.Column('version', sa.Integer(), nullable=False),
    sa.Column('author', sa.Text(), nullable=False),
    sa.Column('agent_id', ID, autoincrement=False, nullable=True),
    sa.Column('changes', sa.JSON(), nullable=False),
    sa.Column('note', sa.Text(), nullable=True),
    sa.Column('at', UtcTime(), nullable=False),
    sa.ForeignKeyConstraint(['agent_id'], ['agents.id'],
        name=op.f('fk_case_changes_agent_id_agents')),
    sa.ForeignKeyConstraint(['case_id'], ['cases.id'], name=op.f('fk_case_changes_case_id_cases')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_case_changes')),
    sa.UniqueConstraint('case_id', 'version', name=op.f('uq_case_changes_case_id_version'))
    )
    op.execute(
        "INSERT INTO case_changes (case_id, version, author, changes, at) "
        "SELECT id, 1, 'virtual_agent', '{}', created_at FROM cases ORDER BY id"
    )
    op.create_table('webhook_calls',
    sa.Column('id', ID, nullable=False),
    sa.Column('event_id', sa.Text(), nullable=False),
    sa.Column('type', sa.Text(), nullable=False),
    sa.Column('case_id', ID, autoincrement=False, nullable=False),
    sa.Column('body', sa.Text(), nullable=False),
    sa.Column('state', sa.Text(), nullable=False),
    sa.Column('attempts', sa.Integer(), server_default=sa.text('0'), nullable=False),
    sa.Column('status', sa.Integer(), nullable=True),
    sa.Column('why', sa.Text(), nullable=True),
    sa.Column('created_at', UtcTime(), nullable=False),
    sa.Column('since', UtcTime(), nullable=False),
    sa.Column('tried_at', UtcTime(), nullable=True),
    sa.ForeignKeyConstraint(['case_id'], ['cases.id'], name=op.f('fk_webhook_calls_case_id_cases')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_webhook_calls')),
    sa.UniqueConstraint('event_id', name=op.f('uq_webhook_calls_event_id'))
    )
    op.create_index('ix_webhook_calls_created_at', 'webhook_calls', ['created_at'])


def _cases() -> None:
    op.execute('CREATE TABLE cases_before AS SELECT * FROM cases')
    op.drop_table('cases')
    op.create_table('cases',
    sa.Column('id', ID, nullable=False),
    sa.Column('kind', sa.Text(), nullable=False),
    sa.Column('state', sa.Text(), nullable=False),
    sa.Column('priority', sa.Integer(), server_default=sa.text('3'), nullable=False),
    sa.Column('description', sa.Text(), nullable=False),
    sa.Column('device', sa.Text(), nullable=True),
    sa.Column('impact', sa.Text(), nullable=True),
    sa.Column('user_id', ID, autoincrement=False, nullable=True),
    sa.Column('interaction_id', ID, autoincrement=False, nullable=True),
    sa.Column('bot_turn_id', ID, autoincrement=False, nullable=True),
    sa.Column('agent_id', ID, autoincrement=False, nullable=True),
    sa.Column('external_number', sa.Text(), nullable=True),
    sa.Column('version', sa.Integer(), server_default=sa.text('1'), nullable=False),
    sa.Column('created_at', UtcTime(), nullable=False),
    sa.Column('changed_at', UtcTime(), nullable=False),
    sa.ForeignKeyConstraint(['agent_id'], ['agents.id'], name=op.f('fk_cases_agent_id_agents')),
    sa.ForeignKeyConstraint(['bot_turn_id'], ['bot_turns.id'],
        name=op.f('fk_cases_bot_turn_id_bot_turns')),
    sa.ForeignKeyConstraint(['interaction_id'], ['interactions.id'],
        name=op.f('fk_cases_interaction_id_interactions')),
    sa.ForeignKeyConstraint(['user_id'], ['users.id'], name=op.f('fk_cases_user_id_users')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_cases')),
    sa.UniqueConstraint('bot_turn_id', 'kind', name=op.f('uq_cases_bot_turn_id_kind'))
    )
    op.create_index('ix_cases_interaction_id', 'cases', ['interaction_id'])
    op.create_index('ix_cases_user_id', 'cases', ['user_id', 'id'])
    op.create_index('ix_cases_external_number', 'cases', ['external_number'])
    op.execute(
        "INSERT INTO cases (id, kind, state, description, device, impact, user_id, "
        "interaction_id, bot_turn_id, created_at, changed_at) SELECT id, 'problem', state, "
        "problem, device, impact, user_id, interaction_id, bot_turn_id, created_at, created_at "
        "FROM cases_before"
    )
    if op.get_bind().dialect.name == 'postgresql':
        op.execute(
        "SELECT setval(pg_get_serial_sequence('cases', 'id'), coalesce(max(id), 0) + "
        "1, false) FROM cases")
    op.drop_table('cases_before')
