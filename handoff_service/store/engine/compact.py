"""Rewrite the database without the bytes of deleted rows.

SQLite keeps deleted bytes in free space of its file, and older versions of pages in its WAL.
``VACUUM`` writes the whole file again, and the checkpoint empties the WAL. Both run in the lane,
because SQLite allows only one writer. Other commands wait until they end. PostgreSQL's ``VACUUM``
blocks nobody.
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
    """``seconds``: how long the lane was busy; 0 on PostgreSQL. ``size``: bytes of the file
    afterwards. ``complete``: whether the WAL is empty, too; a reader can prevent this."""

    seconds: float
    size: int
    complete: bool


def compact_sqlite(opened: sa.Engine) -> Compacted:
    """Rewrite the file and empty the WAL. Call it in the lane, outside a transaction."""
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
    """Bytes of SQLite's file; 0 for another database."""
    return Path(url.database or "").stat().st_size if url.drivername == "sqlite" else 0
