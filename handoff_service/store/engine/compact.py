"""Removes the bytes of deleted rows from the database.

SQLite leaves deleted bytes in the free space of its file, and old versions of pages in its WAL.
``VACUUM`` rewrites the whole file, and a checkpoint empties the WAL. Both run in the lane, because
SQLite has only one writer, and other commands wait for them. PostgreSQL's ``VACUUM`` blocks nobody.
"""

from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from time import monotonic
from typing import Any

import sqlalchemy as sa

from handoff_service.store.engine.database import engine


@dataclass(frozen=True, slots=True, kw_only=True)
class Compacted:
    """The result. ``seconds``: how long the lane was busy; 0 on PostgreSQL. ``size``: the bytes of
    SQLite's file afterward; 0 on PostgreSQL. ``complete``: whether the WAL is empty too, which a
    reader can prevent."""

    seconds: float
    size: int
    complete: bool


def compact_sqlite(opened: sa.Engine) -> Compacted:
    """Rewrite the file and empty the WAL. Call this in the lane, outside a transaction."""
    began = monotonic()
    with opened.connect() as conn:
        raw: Any = conn.connection.dbapi_connection
        raw.execute("VACUUM")
        (busy, _, _) = raw.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
    return Compacted(seconds=monotonic() - began, size=size_of(opened.url), complete=not busy)


def vacuum_postgres(url: str, tables: Collection[str]) -> Compacted:
    """Remove the dead rows of these tables."""
    opened = engine(url, size=1, writes=False)
    try:
        with opened.connect() as connection:
            conn = connection.execution_options(isolation_level="AUTOCOMMIT")
            quoted = conn.dialect.identifier_preparer.quote
            for table in sorted(tables):
                conn.exec_driver_sql(f"VACUUM {quoted(table)}")
    finally:
        opened.dispose()
    return Compacted(seconds=0, size=0, complete=True)


def size_of(url: sa.URL) -> int:
    """Return the size of SQLite's file in bytes; 0 for PostgreSQL."""
    return Path(url.database or "").stat().st_size if url.drivername == "sqlite" else 0
