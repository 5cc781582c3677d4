"""The database of the bot's conversations: an SQLite file of one host, or PostgreSQL that the bots
of all hosts share.

In PostgreSQL the tables are in a schema of their own, so the database can be the service's.
"""

from __future__ import annotations

import time
from typing import Any

import sqlalchemy as sa
from rasa.shared.exceptions import RasaException
from sqlalchemy.engine import Engine
from sqlalchemy.orm import Session

SCHEMA = "patchboard_bot"
# seconds; a bot that waits for a lost database must not keep its requesters waiting
CONNECT_WITHIN, STATEMENT_WITHIN, LOCK_WITHIN, IDLE_IN_TRANSACTION = 3, 5, 5, 10
CONNECTIONS = 8
TRY_AGAIN = 5  # seconds between two attempts to reach the database at the start
_POSTGRES = {
    "connect_timeout": CONNECT_WITHIN,
    # milliseconds until sent bytes count as lost, when the host no longer exists
    "tcp_user_timeout": 5000,
    "keepalives_idle": 5,
    "keepalives_interval": 2,
    "keepalives_count": 2,
    "application_name": "patchboard-bot",
}
_SERVER_LIMITS = {
    "statement_timeout": STATEMENT_WITHIN,
    "lock_timeout": LOCK_WITHIN,
    "idle_in_transaction_session_timeout": IDLE_IN_TRANSACTION,
}
_TABLES = "tables of the bot"  # the lock under which the tables are created


def open_database(url: str, file: str) -> Engine:
    """An engine for a `postgresql://` URL, or for the SQLite file if the URL is empty."""
    try:
        if not url:
            return sa.create_engine(
                sa.engine.url.URL.create("sqlite", database=file), hide_parameters=True
            )
        return _postgres(url)
    # Rasa treats the error of a missing driver like a missing store, and continues in memory
    except ImportError as error:
        raise RasaException(f"The bot's environment cannot open this database: {error}") from error


def _postgres(url: str) -> Engine:
    # a value in the URL replaces the default
    asked = sa.engine.url.make_url(url).query
    given: dict[str, Any] = {key: value for key, value in _POSTGRES.items() if key not in asked}
    limits = "".join(f" -c {name}={value * 1000}" for name, value in _SERVER_LIMITS.items())
    given["options"] = f"{limits} {asked.get('options', '')}".strip()
    return sa.create_engine(
        url,
        pool_size=CONNECTIONS,
        max_overflow=0,
        pool_timeout=STATEMENT_WITHIN,
        # checks each connection before use, because a failover ends the pool's connections
        pool_pre_ping=True,
        connect_args=given,
        hide_parameters=True,  # the parameters contain people's texts, and errors are logged
        execution_options={"schema_translate_map": {None: SCHEMA}},
    )


def create_tables(engine: Engine, metadata: sa.MetaData, log: Any) -> None:
    """Create the missing tables, also when several bots start at once. Waits for a database that
    does not answer.
    """
    while True:
        try:
            with Session(engine) as session:
                lock(session, _TABLES)
                if engine.dialect.name == "postgresql" and not session.scalar(
                    sa.text("SELECT to_regnamespace(:name) IS NOT NULL"), {"name": SCHEMA}
                ):
                    session.execute(sa.text(f"CREATE SCHEMA {SCHEMA}"))
                metadata.create_all(session.connection())
                session.commit()
        except sa.exc.OperationalError as error:
            log.warning("The bot's database is away: %s", error.orig)
            time.sleep(TRY_AGAIN)
        # the URL has an unknown option, or the user lacks rights
        except sa.exc.DBAPIError as error:
            raise RasaException(f"The bot's tables cannot be created: {error.orig}") from error
        else:
            return


def lock(session: Session, *names: str) -> None:
    """Begin a writing transaction in which no other process writes to these conversations. SQLite
    has one writer, so there the transaction locks all conversations.
    """
    if session.get_bind().dialect.name == "sqlite":
        session.execute(sa.text("BEGIN IMMEDIATE"))
        return
    for name in sorted(names):  # sorted, so that two processes cannot wait for each other
        session.execute(
            sa.text("SELECT pg_advisory_xact_lock(hashtextextended(:name, 774214))"),
            {"name": name},
        )
