"""Adds the append-only audit log, and hashes ("marks") of notification addresses. The addresses are
now sealed, so only the hashes can find equal addresses.
"""

import hashlib

import sqlalchemy as sa
from alembic import op
from handoff_service.store.engine.tables import ID, UtcTime

revision = '0057'
down_revision = '0056'

REFUSES = 'The audit log is append-only.'
AGED = 'EXISTS (SELECT 1 FROM audit_removal WHERE old.at < before_at)'


def upgrade() -> None:
    op.create_table('audit_log',
        sa.Column('id', ID, nullable=False),
        sa.Column('at', UtcTime(), nullable=False),
        sa.Column('action', sa.Text(), nullable=False),
        sa.Column('subject', sa.Text(), nullable=False),
        sa.Column('record', sa.Text(), nullable=False),
        sa.Column('name', sa.Text(), nullable=False),
        sa.Column('agent_id', ID, nullable=True),
        sa.Column('agent', sa.Text(), nullable=False),
        sa.Column('address', sa.Text(), nullable=False),
        sa.Column('details', sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint('id', name=op.f('pk_audit_log')))
    op.create_index('ix_audit_log_at', 'audit_log', ['at'])
    op.create_index('ix_audit_log_subject_record', 'audit_log', ['subject', 'record'])
    op.create_table('audit_links',
        sa.Column('place', ID, autoincrement=False, nullable=False),
        sa.Column('entry_id', ID, nullable=False),
        sa.Column('digest', sa.Text(), nullable=False),
        sa.Column('hash', sa.Text(), nullable=False),
        sa.Column('at', UtcTime(), nullable=False),
        sa.PrimaryKeyConstraint('place', name=op.f('pk_audit_links')),
        sa.UniqueConstraint('entry_id', name=op.f('uq_audit_links_entry_id')))
    removal = op.create_table('audit_removal',
        sa.Column('id', ID, nullable=False),
        sa.Column('before_at', UtcTime(), nullable=True),
        sa.PrimaryKeyConstraint('id', name=op.f('pk_audit_removal')))
    op.bulk_insert(removal, [{'before_at': None}])
    _mark_addresses()
    make = _sqlite if op.get_bind().dialect.name == 'sqlite' else _postgresql
    for statement in make():
        op.execute(sa.text(statement))


def _mark_addresses() -> None:
    """Recreate the table, because SQLite cannot drop its constraint. No table refers to it."""
    connection = op.get_bind()
    old = sa.Table('notification_targets', sa.MetaData(), autoload_with=connection)
    rows = [dict(row) for row in connection.execute(sa.select(old).order_by(old.c.id)).mappings()]
    op.drop_table('notification_targets')
    new = op.create_table('notification_targets',
        sa.Column('id', ID, nullable=False),
        sa.Column('agent_id', ID, nullable=False),
        sa.Column('way', sa.Text(), nullable=False),
        sa.Column('address', sa.Text(), nullable=False),
        sa.Column('mark', sa.Text(), nullable=False),
        sa.Column('keys', sa.JSON(), server_default=sa.text("'{}'"), nullable=False),
        sa.Column('name', sa.Text(), nullable=False),
        sa.Column('created_at', sa.Text() if connection.dialect.name == 'sqlite' else UtcTime(), nullable=False),
        sa.Column('noticed_at', sa.Text() if connection.dialect.name == 'sqlite' else UtcTime(), nullable=False),
        sa.Column('sent_at', sa.Text() if connection.dialect.name == 'sqlite' else UtcTime(), nullable=True),
        sa.Column('error', sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(['agent_id'], ['agents.id'], ondelete='CASCADE', name=op.f('fk_notification_targets_agent_id_agents')),
        sa.PrimaryKeyConstraint('id', name=op.f('pk_notification_targets')),
        sa.UniqueConstraint('agent_id', 'way', 'mark', name=op.f('uq_notification_targets_agent_id_way_mark')))
    for row in rows:
        mark = hashlib.sha256(row['address'].encode()).hexdigest()
        connection.execute(sa.insert(new).values(**row, mark=mark))
    if connection.dialect.name == 'postgresql':
        op.execute(sa.text("SELECT setval(pg_get_serial_sequence('notification_targets', 'id'), "
                           "coalesce((SELECT max(id) FROM notification_targets), 0) + 1, false)"))


def _sqlite() -> list[str]:
    refuse = f"BEGIN SELECT RAISE(ABORT, '{REFUSES}'); END"
    return [
        f'CREATE TRIGGER audit_log_is_not_changed BEFORE UPDATE ON audit_log {refuse}',
        f'CREATE TRIGGER audit_log_is_not_deleted BEFORE DELETE ON audit_log WHEN NOT {AGED} {refuse}',
        f'CREATE TRIGGER audit_links_are_not_changed BEFORE UPDATE ON audit_links {refuse}',
        f'CREATE TRIGGER audit_links_are_not_deleted BEFORE DELETE ON audit_links {refuse}',
    ]


def _postgresql() -> list[str]:
    raises = f"RAISE EXCEPTION '{REFUSES}' USING ERRCODE = 'integrity_constraint_violation'"
    made = [
        f'CREATE FUNCTION audit_log_refuses() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN {raises}; END $$',
        'CREATE FUNCTION audit_log_deletes() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN '
        f'IF NOT {AGED} THEN {raises}; END IF; RETURN old; END $$',
        'CREATE TRIGGER audit_log_is_not_deleted BEFORE DELETE ON audit_log '
        'FOR EACH ROW EXECUTE FUNCTION audit_log_deletes()',
        'CREATE TRIGGER audit_log_is_not_changed BEFORE UPDATE ON audit_log '
        'FOR EACH ROW EXECUTE FUNCTION audit_log_refuses()',
        'CREATE TRIGGER audit_links_are_not_changed BEFORE UPDATE OR DELETE ON audit_links '
        'FOR EACH ROW EXECUTE FUNCTION audit_log_refuses()',
    ]
    return made + [
        f'CREATE TRIGGER {table}_is_not_truncated BEFORE TRUNCATE ON {table} '
        'FOR EACH STATEMENT EXECUTE FUNCTION audit_log_refuses()'
        for table in ('audit_log', 'audit_links')
    ]
