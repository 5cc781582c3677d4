"""Opens connections to SQLite and PostgreSQL."""

import sqlite3
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import quote

import sqlalchemy as sa
from sqlalchemy import event
from sqlalchemy.dialects import postgresql, sqlite

from handoff_service.lib.sealing import Sealer
from handoff_service.rules.delivery.send_errors import SendErrors
from handoff_service.store.engine import driver_errors
from handoff_service.store.engine.postgres_connection import connect_within


@dataclass(frozen=True, slots=True, kw_only=True)
class Timeouts:
    """How long a connection waits for its database, in seconds."""

    connect: int = 3
    lock: float = 2
    statement: float
    idle_in_transaction: float = 10  #: releases the locks of a frozen process
    unacknowledged: float = 5  #: until sent bytes count as lost, if the host vanishes

    @property
    def silence(self) -> float:
        """Seconds of silence after which a server counts as hung. A working server ends every
        statement earlier."""
        return self.statement + 1

    def postgres_options(self) -> str:
        """Return these timeouts as PostgreSQL's connection parameter ``options``."""
        given = {
            "statement_timeout": self.statement,
            "lock_timeout": self.lock,
            "idle_in_transaction_session_timeout": self.idle_in_transaction,
        }
        return "".join(f" -c {name}={seconds * 1000:.0f}" for name, seconds in given.items())


WRITES = Timeouts(statement=5)
READS = Timeouts(statement=15)
LOCK_WAIT = 30  # seconds that a connection without ``Timeouts`` waits for SQLite's lock


def engine(
    url: str,
    *,
    size: int,
    writes: bool,
    foreign_keys: bool = True,
    timeouts: Timeouts | None = None,
) -> sa.Engine:
    """Create an engine for ``sqlite:///path`` or ``postgresql://...`` with ``size`` connections.

    Without ``timeouts``, statements may run without a time limit, which migrations need.

    SQLite uses WAL, ``synchronous=FULL`` (NORMAL may lose the last commits on power loss) and
    foreign keys. A writing transaction takes SQLite's write lock at its start, because a
    transaction that began by reading cannot wait for it. ``foreign_keys`` False is for migrations
    only (see ``migrate.py``); PostgreSQL ignores it.
    """
    if url.startswith("postgresql://"):
        opened = _postgres(url, size, writes, timeouts)
    else:
        opened = _sqlite(url, size, writes, foreign_keys, timeouts)
    driver_errors.watch(opened)
    return opened


def _postgres(url: str, size: int, writes: bool, timeouts: Timeouts | None) -> sa.Engine:
    url = "postgresql+psycopg://" + url.removeprefix("postgresql://")
    # Plan each statement every time, which costs 0.1 ms. Otherwise PostgreSQL would keep a plan for
    # an empty table until ANALYZE runs.
    options: dict[str, Any] = {
        "options": "-c plan_cache_mode=force_custom_plan",
        "connect_timeout": 10,
    }
    if timeouts is not None:
        options["options"] += timeouts.postgres_options()
        options["connect_timeout"] = timeouts.connect
        options["tcp_user_timeout"] = int(timeouts.unacknowledged * 1000)
        options |= {"keepalives_idle": 5, "keepalives_interval": 2, "keepalives_count": 2}
    opened = sa.create_engine(
        url,
        pool_size=size,
        max_overflow=0,
        # PostgreSQL's READ COMMITTED gives each statement a snapshot of its own, so a transaction
        # around reads changes nothing, but BEGIN and ROLLBACK are two more round trips
        isolation_level="READ COMMITTED" if writes else "AUTOCOMMIT",
        connect_args=options,
        hide_parameters=True,
        use_native_hstore=False,  # no table has this type, and a look-up of it is a transaction
    )
    if timeouts is not None:
        connect_within(opened, timeouts.silence)
    return opened


def _sqlite(
    url: str, size: int, writes: bool, foreign_keys: bool, timeouts: Timeouts | None
) -> sa.Engine:
    busy = LOCK_WAIT if timeouts is None else timeouts.lock
    # Without timeouts (migrations, doctor, backup), SQLite creates a missing file. A store never
    # creates one, because it must not continue with an empty file if its own has disappeared.
    file = (
        f"file:{quote(url.removeprefix('sqlite:///'))}?mode={'rwc' if timeouts is None else 'rw'}"
    )
    opened = sa.create_engine(
        url,
        creator=lambda: sqlite3.connect(
            file, uri=True, timeout=busy, check_same_thread=False, autocommit=True
        ),
        poolclass=sa.pool.QueuePool,
        pool_size=size,
        max_overflow=0,
        hide_parameters=True,
    )
    begin = "BEGIN IMMEDIATE" if writes else "BEGIN"

    def set_up(connection: Any, _record: object) -> None:
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=FULL")
        connection.execute(f"PRAGMA foreign_keys={'ON' if foreign_keys else 'OFF'}")
        connection.execute(f"PRAGMA busy_timeout={busy * 1000:.0f}")

    event.listen(opened, "connect", set_up)
    event.listen(opened, "begin", lambda connection: connection.exec_driver_sql(begin))
    event.listen(opened, "commit", lambda connection: connection.exec_driver_sql("COMMIT"))
    event.listen(opened, "rollback", _roll_back)
    return opened


def _roll_back(connection: sa.Connection) -> None:
    if connection.invalidated:
        return
    raw: Any = connection.connection.dbapi_connection
    if raw is not None and raw.in_transaction:
        connection.exec_driver_sql("ROLLBACK")


def read_at(connection: sa.Connection) -> datetime:
    """Return the time at which this connection reads. Queries compare expiry times with it."""
    moment: datetime = connection.get_execution_options()["now"]
    return moment


def public_url(connection: sa.Connection) -> str:
    """Return the service's public address, for links in the results of queries."""
    address: str = connection.get_execution_options()["public_url"]
    return address


def sealer(connection: sa.Connection) -> Sealer | None:
    """Return the object that opens sealed values, for queries. None if the connection does not
    belong to a store, for example in a backup."""
    found: Sealer | None = connection.get_execution_options().get("sealer")
    return found


def send_errors(connection: sa.Connection) -> SendErrors:
    """Return the provider's error codes, for queries that show their meaning."""
    known: SendErrors = connection.get_execution_options()["send_errors"]
    return known


def upsert(connection: sa.Connection, table: sa.Table) -> Any:
    """Return an INSERT of the connection's dialect, which supports ON CONFLICT."""
    opened = sqlite.insert if connection.dialect.name == "sqlite" else postgresql.insert
    return opened(table)
