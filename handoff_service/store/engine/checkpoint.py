"""Copies SQLite's WAL into the database file, outside the lane.

SQLite runs a checkpoint in the commit that makes the WAL 1,000 pages long. That commit takes ten
milliseconds or more, and other transactions wait for it. Therefore jobs with many transactions run
a checkpoint between them, before the WAL is that long. A PASSIVE checkpoint waits for no lock and
delays no writer.

Only SQLite may open its files. If our code opened and closed one of them, the process would lose
all of SQLite's locks on it:
https://www.sqlite.org/howtocorrupt.html#_posix_advisory_locks_canceled_by_a_separate_thread_doing_close_
So this module cannot look at the WAL to find out how long it is.
"""

from typing import Any

import sqlalchemy as sa

EVERY = 4  # transactions of such jobs for each checkpoint


def checkpoint(opened: sa.Engine) -> None:
    """Run a checkpoint. Call this outside a transaction and outside the lane."""
    with opened.connect() as conn:
        raw: Any = conn.connection.dbapi_connection
        raw.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchone()
