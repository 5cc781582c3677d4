"""Copy SQLite's WAL into the database file, outside the lane.

SQLite copies the WAL in the commit that makes it 1,000 pages long. This commit then takes ten or
more milliseconds, which the other transactions wait for. Long work therefore copies the WAL between
its transactions, before it is that long. A checkpoint of the kind PASSIVE waits for nobody and
delays no writer.

Only SQLite may open its files. When a process closes a file that it opened itself, it loses all
locks of SQLite on this file: https://www.sqlite.org/howtocorrupt.html#_posix_advisory_locks_canceled_by_a_separate_thread_doing_close_
So nothing here looks into the WAL or its index to find out how long the WAL is.
"""

from typing import Any

import sqlalchemy as sa

EVERY = 4  # transactions of long work from one checkpoint to the next


def checkpoint(opened: sa.Engine) -> None:
    """Copy the WAL. Call it outside a transaction and the lane."""
    with opened.connect() as conn:
        raw: Any = conn.connection.dbapi_connection
        raw.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchone()
