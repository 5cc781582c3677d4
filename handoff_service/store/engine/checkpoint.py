"""Copy SQLite's WAL into the database file, outside the lane.

SQLite copies the WAL in the commit that makes it 1,000 pages long. This commit then takes ten or
more milliseconds, which the other transactions wait for. Long work therefore copies the WAL after
its transactions, before it is that long. A checkpoint of the kind PASSIVE waits for nobody and
delays no writer.
"""

import os
import sys
from pathlib import Path
from typing import Any

import sqlalchemy as sa

PAGES = 250  # pages of the WAL that are not in the file yet
# Places in the shared index of the WAL: https://www.sqlite.org/walformat.html#the_wal_index_file_format
_PAGES_AT, _COPIED_AT, _LONG = 16, 96, 4


def checkpoint_if_due(opened: sa.Engine) -> None:
    """Copy the WAL if it has ``PAGES`` new pages. Call it outside a transaction and the lane."""
    if _pages_left(Path(f"{opened.url.database}-shm")) < PAGES:
        return
    with opened.connect() as conn:
        raw: Any = conn.connection.dbapi_connection
        raw.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchone()


def _pages_left(index: Path) -> int:
    try:
        with index.open("rb") as file:
            head = os.pread(file.fileno(), _COPIED_AT + _LONG, 0)
    except FileNotFoundError:
        return 0
    pages, copied = (
        int.from_bytes(head[at : at + _LONG], sys.byteorder) for at in (_PAGES_AT, _COPIED_AT)
    )
    return pages - copied
