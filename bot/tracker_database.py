"""Opens the database of the bot's conversations: a SQLite file on one host, or a PostgreSQL
database that the bots of all hosts share.

In PostgreSQL, the tables are in a separate schema, so the bots can share a database with the
service.
"""

from __future__ import annotations

import time
from typing import Any

import sqlalchemy as sa
from rasa.shared.exceptions import RasaException
from sqlalchemy.engine import Engine
from sqlalchemy.orm import Session

SCHEMA = "patchboard_bot"
# Timeouts in seconds. They are short, because a requester waits while the bot waits for the
# database.
CONNECT_WITHIN, STATEMENT_WITHIN, LOCK_WITHIN, IDLE_IN_TRANSACTION = 3, 5, 5, 10
CONNECTIONS = 8
RETRY_EVERY = 5  # seconds between attempts to reach the database at the start
_POSTGRES = {
    "connect_timeout": CONNECT_WITHIN,
    # milliseconds; if the server does not acknowledge sent data within this time, for example
    # because its host is down, the connection fails
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
_TABLES = "tables of the bot"  # the name of the lock for creating the tables


def open_database(url: str, file: str) -> Engine:
    """Create an engine for a `postgresql://` URL, or for the SQLite file if the URL is empty."""
    try:
        if not url:
            return sa.create_engine(
                sa.engine.url.URL.create("sqlite", database=file), hide_parameters=True
            )
        return _postgres(url)
    # After an ImportError, Rasa would continue with an in-memory store, so raise a different error.
    except ImportError as error:
        raise RasaException(f"The bot's environment cannot open this database: {error}") from error


def _postgres(url: str) -> Engine:
    # Values in the URL replace the defaults.
    asked = sa.engine.url.make_url(url).query
    given: dict[str, Any] = {key: value for key, value in _POSTGRES.items() if key not in asked}
    limits = "".join(f" -c {name}={value * 1000}" for name, value in _SERVER_LIMITS.items())
    given["options"] = f"{limits} {asked.get('options', '')}".strip()
    return sa.create_engine(
        url,
        pool_size=CONNECTIONS,
        max_overflow=0,
        pool_timeout=STATEMENT_WITHIN,
        # Check each connection before use, because a failover breaks the pool's connections.
        pool_pre_ping=True,
        connect_args=given,
        hide_parameters=True,  # errors are logged, and parameters contain requesters' texts
        execution_options={"schema_translate_map": {None: SCHEMA}},
    )


def create_tables(engine: Engine, metadata: sa.MetaData, log: Any) -> None:
    """Create the missing tables. Several bots may do this at the same time. While the database does
    not answer, this retries."""
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
            log.warning("The bot's database is unavailable: %s", error.orig)
            time.sleep(RETRY_EVERY)
        # For example, the URL has an unknown option, or the database user lacks rights.
        except sa.exc.DBAPIError as error:
            raise RasaException(f"The bot's tables cannot be created: {error.orig}") from error
        else:
            return


def lock(session: Session, *names: str) -> None:
    """Lock these conversations until the end of the transaction, so that no other process writes to
    them. In SQLite, this locks the whole database.
    """
    if session.get_bind().dialect.name == "sqlite":
        session.execute(sa.text("BEGIN IMMEDIATE"))
        return
    for name in sorted(names):  # the same order in all processes prevents deadlocks
        session.execute(
            sa.text("SELECT pg_advisory_xact_lock(hashtextextended(:name, 774214))"),
            {"name": name},
        )
