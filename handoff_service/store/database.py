"""Connections: how each of the two databases is opened, and nothing else."""

from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy import event
from sqlalchemy.dialects import postgresql, sqlite


def engine(url: str, *, size: int, writes: bool, foreign_keys: bool = True) -> sa.Engine:
    """An engine for ``sqlite:///path`` or ``postgresql://...`` with ``size`` connections.

    SQLite: WAL, ``synchronous=FULL`` (NORMAL may lose the last commits on power loss), foreign keys on, and a writer
    takes the write lock when it begins, since an upgrade in the middle cannot wait. ``foreign_keys``
    False is for migrations alone (see ``migrate.py``); PostgreSQL ignores it.
    """
    if url.startswith("postgresql://"):
        url = "postgresql+psycopg://" + url.removeprefix("postgresql://")
        # A plan made for an empty table is not kept until somebody runs ANALYZE: planning anew costs 0.1 ms.
        options = {"options": "-c plan_cache_mode=force_custom_plan"}
        return sa.create_engine(url, pool_size=size, max_overflow=0, pool_pre_ping=True, connect_args=options)
    made = sa.create_engine(
        url,
        poolclass=sa.pool.QueuePool,
        pool_size=size,
        max_overflow=0,
        connect_args={"check_same_thread": False, "timeout": 30, "autocommit": True},
    )
    begin = "BEGIN IMMEDIATE" if writes else "BEGIN"

    def set_up(connection: Any, _record: object) -> None:
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=FULL")
        connection.execute(f"PRAGMA foreign_keys={'ON' if foreign_keys else 'OFF'}")
        connection.execute("PRAGMA busy_timeout=30000")

    event.listen(made, "connect", set_up)
    event.listen(made, "begin", lambda connection: connection.exec_driver_sql(begin))
    event.listen(made, "commit", lambda connection: connection.exec_driver_sql("COMMIT"))
    event.listen(made, "rollback", _roll_back)
    return made


def _roll_back(connection: sa.Connection) -> None:
    raw: Any = connection.connection.dbapi_connection
    if raw is not None and raw.in_transaction:
        connection.exec_driver_sql("ROLLBACK")


def read_at(connection: sa.Connection) -> datetime:
    """The moment that a reading connection shows: what runs out with time is judged by it."""
    moment: datetime = connection.get_execution_options()["now"]
    return moment


def public_url(connection: sa.Connection) -> str:
    """The service's own address, for the addresses in what a reading connection shows."""
    address: str = connection.get_execution_options()["public_url"]
    return address


def upsert(connection: sa.Connection, table: sa.Table) -> Any:
    """An INSERT that can say ON CONFLICT, of this connection's dialect (both spell it alike)."""
    made = sqlite.insert if connection.dialect.name == "sqlite" else postgresql.insert
    return made(table)
