"""Prepares the database for a restore: refuses a database in use, and drops the tables of an unused
desk."""

import sqlite3
from contextlib import closing

import sqlalchemy as sa

from handoff_service.bot_control import bot_tracker
from handoff_service.errors import SetupError
from handoff_service.settings import Settings
from handoff_service.store.engine import tables as t
from handoff_service.store.engine.database_copy import database_file
from handoff_service.store.engine.migrate import database_errors, pending_revisions, revision_of
from handoff_service.store.engine.portable_rows import tables_of

# a desk in use has rows in at least one of these tables
TABLES_IN_USE = ("agents", "users", "groups", "queues", "provider_numbers", "interactions")


def refuse_open_file(settings: Settings) -> None:
    """Refuse a database file that another connection has open, because SQLite then keeps the old
    write-ahead log.
    """
    file = database_file(settings.database_url)
    if file is None or not file.is_file():
        return
    with database_errors(), closing(sqlite3.connect(file, timeout=1)) as database:
        try:
            database.execute("PRAGMA journal_mode=DELETE")
        except sqlite3.OperationalError as error:
            if "locked" in str(error):
                raise SetupError(_SERVING) from error
            raise


def refuse_tracker_in_use(settings: Settings) -> None:
    """Refuse a bot database that contains conversations, because the restored desk may give new
    conversations ids that the bots already know.
    """
    if settings.bot_tracker_url and bot_tracker.has_conversations(settings.bot_tracker_url):
        raise SetupError(
            "The database of PATCHBOARD_BOT_TRACKER_URL already contains conversations of a "
            "virtual agent. They would mix with those of the restored desk. Set "
            "PATCHBOARD_BOT_TRACKER_URL to an empty database. Or stop the bots, and run in the "
            f"current database: DROP SCHEMA {bot_tracker.SCHEMA} CASCADE"
        )


_SERVING = (
    "A desk is using this database. Stop the service (patchboard serve or run), then restore again."
)


def refuse_others(connection: sa.Connection) -> None:
    if connection.dialect.name == "sqlite":
        return
    others = sa.text(
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() "
        "AND pid <> pg_backend_pid() AND backend_type = 'client backend'"
    )
    if connection.execute(others).scalar_one():
        raise SetupError(_SERVING)


def drop_unused_desk(connection: sa.Connection) -> None:
    """Drop the tables of a desk that was never used. Raises SetupError when it was used."""
    pending_revisions(connection)  # also refuses a newer schema and another program's tables
    if revision_of(connection) is None:
        return
    there = {
        table.name: table for table in tables_of(connection) if table.name in t.metadata.tables
    }
    for name in TABLES_IN_USE:
        if (
            name in there
            and connection.execute(
                sa.select(sa.literal(1)).select_from(there[name]).limit(1)
            ).first()
        ):
            raise SetupError(
                "The database of PATCHBOARD_DATABASE_URL already contains a desk: its table "
                f"{name} has rows. Restore into a new PATCHBOARD_HOME or an empty database, so "
                "that nothing is overwritten."
            )
    for table in reversed(there.values()):
        table.drop(connection)
    for name in (t.MESSAGE_WORDS, "alembic_version"):
        connection.execute(sa.text(f"DROP TABLE IF EXISTS {name}"))
