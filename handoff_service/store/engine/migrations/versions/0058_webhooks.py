"""Adds several webhooks, each with its events. The case webhook becomes the first of them."""

import sqlalchemy as sa
from alembic import op
from handoff_service.store.engine.tables import ID, UtcTime

revision = '0058'
down_revision = '0057'


def upgrade() -> None:
    op.create_table('webhooks',
    sa.Column('id', ID, nullable=False),
    sa.Column('name', sa.Text(), nullable=False),
    sa.Column('url', sa.Text(), nullable=False),
    sa.Column('secret', sa.Text(), nullable=False),
    sa.Column('former_secret', sa.Text(), nullable=True),
    sa.Column('former_until', UtcTime(), nullable=True),
    sa.Column('events', sa.JSON(), server_default=sa.text("'[]'"), nullable=False),
    sa.Column('with_texts', sa.Boolean(), server_default=sa.false(), nullable=False),
    sa.Column('active', sa.Boolean(), server_default=sa.true(), nullable=False),
    sa.Column('failing_since', UtcTime(), nullable=True),
    sa.Column('switched_off_at', UtcTime(), nullable=True),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_webhooks')),
    sa.UniqueConstraint('name', name=op.f('uq_webhooks_name'))
    )
    events = '["case.created", "case.changed"]'
    # create the row even if only calls exist, because calls refer to it
    op.execute(
        "INSERT INTO webhooks (id, name, url, secret, events, with_texts, active) "
        "SELECT id, CASE WHEN id = 1 THEN 'Case webhook' ELSE 'Case webhook ' || id END, "
        f"coalesce(url, ''), secret, '{events}', true, url IS NOT NULL AND url <> '' "
        "FROM case_webhook"
    )
    op.execute(
        "INSERT INTO webhooks (id, name, url, secret, events, with_texts, active) "
        f"SELECT 1, 'Case webhook', '', '', '{events}', true, false "
        "WHERE EXISTS (SELECT 1 FROM webhook_calls) AND NOT EXISTS (SELECT 1 FROM webhooks)"
    )
    op.rename_table('webhook_calls', 'case_calls')
    _forget_names()
    waiting = sa.text("state = 'waiting'")
    op.create_table('webhook_calls',
    sa.Column('id', ID, nullable=False),
    sa.Column('webhook_id', ID, nullable=False, autoincrement=False),
    sa.Column('event_id', sa.Text(), nullable=False),
    sa.Column('type', sa.Text(), nullable=False),
    sa.Column('subject', sa.Text(), nullable=False),
    sa.Column('interaction_id', ID, nullable=True, autoincrement=False),
    sa.Column('case_id', ID, nullable=True, autoincrement=False),
    sa.Column('body', sa.Text(), nullable=False),
    sa.Column('state', sa.Text(), nullable=False),
    sa.Column('attempts', sa.Integer(), server_default=sa.text('0'), nullable=False),
    sa.Column('status', sa.Integer(), nullable=True),
    sa.Column('why', sa.Text(), nullable=True),
    sa.Column('answer', sa.Text(), nullable=True),
    sa.Column('created_at', UtcTime(), nullable=False),
    sa.Column('since', UtcTime(), nullable=False),
    sa.Column('tried_at', UtcTime(), nullable=True),
    sa.ForeignKeyConstraint(['case_id'], ['cases.id'], name=op.f('fk_webhook_calls_case_id_cases'), ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['interaction_id'], ['interactions.id'], name=op.f('fk_webhook_calls_interaction_id_interactions'), ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['webhook_id'], ['webhooks.id'], name=op.f('fk_webhook_calls_webhook_id_webhooks'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_webhook_calls')),
    sa.UniqueConstraint('webhook_id', 'event_id', name=op.f('uq_webhook_calls_webhook_id_event_id'))
    )
    op.create_index('ix_webhook_calls_created_at', 'webhook_calls', ['created_at'])
    op.create_index('ix_webhook_calls_webhook_id', 'webhook_calls', ['webhook_id', 'id'])
    op.create_index('ix_webhook_calls_subject', 'webhook_calls', ['subject'])
    op.create_index('ix_webhook_calls_interaction_id', 'webhook_calls', ['interaction_id'])
    op.create_index('ix_webhook_calls_case_id', 'webhook_calls', ['case_id'])
    op.create_index('ix_webhook_calls_waiting', 'webhook_calls', ['created_at'], sqlite_where=waiting, postgresql_where=waiting)
    op.execute(
        "INSERT INTO webhook_calls (id, webhook_id, event_id, type, subject, case_id, body, state, "
        "attempts, status, why, created_at, since, tried_at) "
        "SELECT id, (SELECT min(id) FROM webhooks), event_id, type, 'case:' || case_id, case_id, "
        "body, state, attempts, status, why, created_at, since, tried_at FROM case_calls"
    )
    op.execute(
        "UPDATE due_work SET line = 'webhook:' || (SELECT min(id) FROM webhooks) || ':' || line "
        "WHERE kind = 'call_webhook' AND EXISTS (SELECT 1 FROM webhooks)"
    )
    op.drop_table('case_calls')
    op.drop_table('case_webhook')
    if op.get_bind().dialect.name == 'postgresql':
        for table in ('webhooks', 'webhook_calls'):
            op.execute(
                f"SELECT setval(pg_get_serial_sequence('{table}', 'id'), "
                f"(SELECT max(id) FROM {table})) WHERE EXISTS (SELECT 1 FROM {table})"
            )
    op.execute("UPDATE record_changes SET noun = 'webhook' WHERE noun = 'case_webhook'")


def _forget_names() -> None:
    """Rename the old table's constraints and indexes, because their names must be unique in a
    PostgreSQL schema.
    """
    op.drop_index('ix_webhook_calls_created_at', 'case_calls')
    if op.get_bind().dialect.name == 'postgresql':
        for name in ('pk_webhook_calls', 'uq_webhook_calls_event_id'):
            op.drop_constraint(op.f(name), 'case_calls')
        op.execute("ALTER SEQUENCE webhook_calls_id_seq RENAME TO case_calls_id_seq")
