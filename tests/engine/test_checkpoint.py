"""Long work copies SQLite's WAL into the file between its transactions. So no commit of the lane
does it, which would take much longer than other commits.
"""

import secrets
import subprocess
import sys
from pathlib import Path

import sqlalchemy as sa

from handoff_service.store.engine import tables as t
from handoff_service.store.engine.checkpoint import EVERY
from handoff_service.store.engine.store import Store
from handoff_service.store.engine.transaction import Transaction

AUTOMATIC = 1000  # pages of the WAL with which SQLite's own checkpoint begins
# The byte of the WAL's index that each process locks while it uses the database. A process that can
# lock it alone believes that nobody uses the database, and empties the index:
# https://www.sqlite.org/walformat.html
IN_USE = 128
LOCK_ALONE = """
import fcntl, sys
with open(sys.argv[1], "r+b") as index:
    fcntl.lockf(index, fcntl.LOCK_EX | fcntl.LOCK_NB, 1, int(sys.argv[2]))
"""


def write_pages(tx: Transaction, count: int) -> None:
    """Write about this many pages of the WAL."""
    row = {"name": secrets.token_hex(8), "secret": "x" * 4000 * count}
    tx.conn.execute(sa.insert(t.own_secrets).values(**row))


async def test_no_commit_copies_the_wal_while_checkpoints_do(store: Store) -> None:
    await store.checkpoint()
    if not store.is_sqlite:
        return
    file = Path(store._writing.url.database or "")
    for _ in range(6 * EVERY):
        before = file.stat().st_mtime_ns
        await store.write(write_pages, AUTOMATIC // (3 * EVERY))
        assert file.stat().st_mtime_ns == before, "the lane has copied the WAL"
        await store.checkpoint()
    assert Path(f"{file}-wal").stat().st_size < AUTOMATIC * 4096, "SQLite begins it again"


async def test_other_processes_see_that_the_database_is_in_use_after_a_checkpoint(
    store: Store,
) -> None:
    if not store.is_sqlite:
        return
    await store.write(write_pages, 1)
    for _ in range(2 * EVERY):
        await store.checkpoint()
    index = f"{store._writing.url.database}-shm"
    command = [sys.executable, "-c", LOCK_ALONE, index, str(IN_USE)]
    taken = subprocess.run(command, capture_output=True, text=True, check=False)
    assert "BlockingIOError" in taken.stderr
