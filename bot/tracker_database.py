"""The database of the bot's conversations: an SQLite file on one host, or a PostgreSQL database
that the bots of all hosts share.

In PostgreSQL, the tables are in a separate schema, so the bots can use the database of the service.
"""

from __future__ import annotations

import time
from typing import Any

import sqlalchemy as sa
from rasa.shared.exceptions import RasaException
from sqlalchemy.engine import Engine
from sqlalchemy.orm import Session

SCHEMA = "patchboard_bot"
# seconds; they are short, because requesters wait while a bot waits for an unavailable database
CONNECT_WITHIN, STATEMENT_WITHIN, LOCK_WITHIN, IDLE_IN_TRANSACTION = 3, 5, 5, 10
CONNECTIONS = 8
TRY_AGAIN = 5  # seconds between two attempts to reach the database at the start
_POSTGRES = {
    "connect_timeout": CONNECT_WITHIN,
    # milliseconds after which sent bytes without a reply count as lost, for example if the host is
    # down
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
    # For an ImportError, Rasa would continue with a store in memory. So raise another error.
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
        # check each connection before its use, because a failover ends the connections of the pool
        pool_pre_ping=True,
        connect_args=given,
        hide_parameters=True,  # logs contain the errors, and the parameters contain people's texts
        execution_options={"schema_translate_map": {None: SCHEMA}},
    )


def create_tables(engine: Engine, metadata: sa.MetaData, log: Any) -> None:
    """Create the missing tables. Several bots may do this at the same time. If the database does
    not answer, this waits for it."""
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
    for name in sorted(names):  # in this order, so that two processes never wait for each other
        session.execute(
            sa.text("SELECT pg_advisory_xact_lock(hashtextextended(:name, 774214))"),
            {"name": name},
        )
