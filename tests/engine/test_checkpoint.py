"""Long work copies SQLite's WAL into the file between its transactions. So no commit of the lane
does it, which would take much longer than other commits.
"""

import secrets
from pathlib import Path

import sqlalchemy as sa

from handoff_service.store.engine import tables as t
from handoff_service.store.engine.checkpoint import PAGES, _pages_left
from handoff_service.store.engine.store import Store
from handoff_service.store.engine.transaction import Transaction

AUTOMATIC = 1000  # pages of the WAL with which SQLite's own checkpoint begins


def write_pages(tx: Transaction, count: int) -> None:
    """Write about this many pages of the WAL."""
    row = {"name": secrets.token_hex(8), "secret": "x" * 4000 * count}
    tx.conn.execute(sa.insert(t.own_secrets).values(**row))


async def test_a_short_wal_stays(store: Store) -> None:
    await store.checkpoint()
    if not store.is_sqlite:
        return
    await store.write(write_pages, 10)
    left = pages_left(store)
    assert 10 <= left < PAGES
    await store.checkpoint()
    assert pages_left(store) == left


async def test_no_commit_copies_the_wal_while_checkpoints_do(store: Store) -> None:
    if not store.is_sqlite:
        return
    file = Path(store._writing.url.database or "")
    for _ in range(12):
        before = file.stat().st_mtime_ns
        await store.write(write_pages, PAGES // 2)
        assert file.stat().st_mtime_ns == before, "the lane has copied the WAL"
        await store.checkpoint()
        assert pages_left(store) < PAGES
    assert Path(f"{file}-wal").stat().st_size < AUTOMATIC * 4096, "SQLite begins it again"


def pages_left(store: Store) -> int:
    return _pages_left(Path(f"{store._writing.url.database}-shm"))
