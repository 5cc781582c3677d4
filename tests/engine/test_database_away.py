"""The store reports every kind of database outage as DatabaseAway, in time. It recovers when the
database is back.
"""

import asyncio
import sqlite3
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import psycopg
import pytest
import sqlalchemy as sa

from handoff_service.errors import DatabaseAway
from handoff_service.store.engine import tables as t
from handoff_service.store.engine.admission import Patience
from handoff_service.store.engine.database import Timeouts
from handoff_service.store.engine.store import Store
from handoff_service.store.engine.transaction import OperationSettings, Transaction
from tests.conftest import Heard, MovedClock
from tests.support.cable import Cable

IN_TIME = 5.0  # seconds, for every webhook
HURRIED = Timeouts(lock=0.3, statement=1)
type Opened = Callable[[str], Awaitable[Store]]


@pytest.fixture
async def opened(clock: MovedClock) -> AsyncIterator[Opened]:
    """Open stores with short timeouts, and close them."""
    stores: list[Store] = []

    async def open_store(url: str) -> Store:
        stores.append(
            Store(
                url,
                clock=clock,
                settings=OperationSettings(),
                after_commit=Heard(),
                writes=HURRIED,
                reads=HURRIED,
            )
        )
        return stores[-1]

    yield open_store
    for store in stores:
        store.close()


@asynccontextmanager
async def both_away(store: Store, patience: float | None = None) -> AsyncIterator[None]:
    """Check that readers and writers get DatabaseAway in time during the block, and that the store
    works before and after it.
    """
    asking = store.for_requests(Patience(patience, can_be_refused=True))
    await asking.write(add_group, "before")
    began = time.monotonic()
    yield
    assert time.monotonic() - began < IN_TIME
    async with asyncio.timeout(20):  # Wait until hanging work in a lane has ended.
        await store.write(add_group, "after")
    assert {"before", "after"} <= await store.read(names)


def add_group(tx: Transaction, name: str) -> None:
    tx.conn.execute(sa.insert(t.groups).values(name=name))


def names(conn: sa.Connection) -> set[str]:
    return set(conn.execute(sa.select(t.groups.c.name)).scalars())


async def test_connections_that_were_lost_while_idle_cost_no_request(
    postgres_url: str, opened: Opened
) -> None:
    """After a restart of the database or of a firewall, each pooled connection is lost. Its next
    use notices that, and takes a new one.
    """
    store = await opened(postgres_url)
    asking = store.for_requests()
    await asking.write(add_group, "before")
    await asyncio.gather(*(asking.read(names) for _ in range(8)))
    with psycopg.connect(postgres_url, autocommit=True) as other:
        other.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
    for n in range(8):
        await asking.write(add_group, f"after {n}", near=n)
    found = await asyncio.gather(*(asking.read(names) for _ in range(8)))
    assert all(len(one) == len(found[0]) >= 9 for one in found)


AWAY = [
    "08000", "08006", "25006", "25P03", "40001", "40P01", "53000", "53100", "53200", "53300",
    "55P03", "57014", "57P03",
    "58000", "58030",
]  # fmt: skip
NOT_AWAY = ["22P02", "23505", "42601", "42P01", "P0001"]


@pytest.mark.parametrize("away", [True, False])
async def test_postgres_errors_are_recognized_by_sqlstate(
    opened: Opened, postgres_url: str, away: bool
) -> None:
    """The store recognizes an outage by the SQLSTATE of a real error, for writers and for
    readers.
    """
    store = await opened(postgres_url)
    for state in AWAY if away else NOT_AWAY:
        fail = f"DO $$ BEGIN RAISE EXCEPTION 'no' USING ERRCODE = '{state}'; END $$"
        for failing in (
            store.write(lambda tx, sql: tx.conn.exec_driver_sql(sql), fail),
            store.read(lambda conn, sql: conn.exec_driver_sql(sql), fail),
        ):
            with pytest.raises(DatabaseAway if away else sa.exc.DBAPIError) as raised:
                await failing
            if away:
                assert state in raised.value.why  # type: ignore[attr-defined]


async def test_a_read_only_postgresql_is_reported_and_recovers(
    opened: Opened, postgres_url: str
) -> None:
    """The store drops a connection to a standby, so that it can recover."""
    store = await opened(postgres_url)
    name = postgres_url.rpartition("/")[2]
    with psycopg.connect(postgres_url, autocommit=True) as admin:
        async with both_away(store):
            admin.execute(f"ALTER DATABASE {name} SET default_transaction_read_only = on")
            admin.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )
            try:
                with pytest.raises(DatabaseAway):
                    await store.write(add_group, "meanwhile")
            finally:
                admin.execute("SET default_transaction_read_only = off")
                admin.execute(f"ALTER DATABASE {name} RESET default_transaction_read_only")


async def test_a_lock_of_another_process_on_postgresql_is_reported(
    opened: Opened, postgres_url: str
) -> None:
    store = await opened(postgres_url)
    with psycopg.connect(postgres_url) as other:
        async with both_away(store):
            other.execute("LOCK TABLE groups")
            with pytest.raises(DatabaseAway):
                await store.write(add_group, "meanwhile")
            with pytest.raises(DatabaseAway):
                await store.read(names)
            other.rollback()


async def test_a_statement_that_takes_too_long_is_canceled(
    opened: Opened, postgres_url: str
) -> None:
    store = await opened(postgres_url)
    async with both_away(store):
        with pytest.raises(DatabaseAway):
            await store.read(lambda conn: conn.exec_driver_sql("SELECT pg_sleep(30)"))


async def test_a_hanging_postgresql_is_reported(opened: Opened, postgres_url: str) -> None:
    """The connections stay open, but the server does not answer. Callers must not wait for the
    lane.
    """
    cable, url = await Cable.to(postgres_url)
    store = await opened(url)
    asking = store.for_requests(Patience(0.5, can_be_refused=True))
    async with both_away(store):
        await store.read(names)
        cable.hang()
        for _ in range(2):
            with pytest.raises(DatabaseAway):
                await asking.write(add_group, "meanwhile")
            with pytest.raises(DatabaseAway):
                await asking.read(names)
        cable.flow()
    await cable.pull()


async def test_a_postgresql_that_hangs_can_be_replaced(opened: Opened, postgres_url: str) -> None:
    """The old server never answers again, so the lane has to abandon its connection."""
    cable, url = await Cable.to(postgres_url)
    store = await opened(url)
    asking = store.for_requests(Patience(0.5, can_be_refused=True))
    async with both_away(store):
        cable.hang()
        with pytest.raises(DatabaseAway):
            await asking.write(add_group, "meanwhile")
        old, cable = cable, Cable("127.0.0.1", cable._to[1])
        old._server.close()  # This closes only the listening socket. Its connections stay open.
        await cable.plug_in(old.port)
    await old.pull()
    await cable.pull()


async def test_a_stopped_postgresql_is_reported(opened: Opened, postgres_url: str) -> None:
    cable, url = await Cable.to(postgres_url)
    store = await opened(url)
    async with both_away(store):
        await cable.pull()
        with pytest.raises(DatabaseAway):
            await store.write(add_group, "meanwhile")
        with pytest.raises(DatabaseAway):
            await store.read(names)
        await cable.plug_in(cable.port)
    await cable.pull()


async def test_a_sqlite_lock_of_another_process_is_reported(
    opened: Opened, sqlite_url: str
) -> None:
    store = await opened(sqlite_url)
    other = sqlite3.connect(sqlite_url.removeprefix("sqlite:///"), autocommit=True)
    async with both_away(store):
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(DatabaseAway) as away:
            await store.write(add_group, "meanwhile")
        assert away.value.why == "SQLITE_BUSY"
        other.execute("ROLLBACK")
    other.close()


async def test_a_full_disk_under_sqlite_is_reported(opened: Opened, sqlite_url: str) -> None:
    store = await opened(sqlite_url)

    def fill(tx: Transaction, _: None) -> None:
        tx.conn.execute(sa.insert(t.groups), [{"name": f"{n} {'x' * 4000}"} for n in range(100)])

    def pragma(tx: Transaction, words: str) -> None:
        tx.conn.exec_driver_sql(f"PRAGMA {words}")

    async with both_away(store):
        await store.write(pragma, "max_page_count = 1")
        with pytest.raises(DatabaseAway) as raised:
            await store.write(fill, None)
        assert raised.value.why == "SQLITE_FULL"
        await store.write(pragma, "max_page_count = 1000000")


async def test_a_read_only_sqlite_file_is_reported_and_recovers(
    opened: Opened, sqlite_url: str
) -> None:
    """The store drops a connection that cannot write, and tries a new one."""
    store = await opened(sqlite_url)

    def forbid(connection: sqlite3.Connection, _record: object) -> None:
        connection.execute("PRAGMA query_only = on")

    async with both_away(store):
        sa.event.listen(store._writing, "connect", forbid)
        await store.write(lambda tx, _: tx.conn.exec_driver_sql("PRAGMA query_only = on"), None)
        with pytest.raises(DatabaseAway) as raised:
            await store.write(add_group, "meanwhile")
        assert raised.value.why == "SQLITE_READONLY"
        sa.event.remove(store._writing, "connect", forbid)


async def test_a_missing_sqlite_file_is_reported_and_recovers(
    opened: Opened, sqlite_url: str
) -> None:
    """The store must not create an empty file in place of the missing one."""
    file = Path(sqlite_url.removeprefix("sqlite:///"))
    store = await opened(sqlite_url)
    file.rename(file.with_suffix(".away"))
    for _ in range(2):
        with pytest.raises(DatabaseAway) as raised:
            await store.write(add_group, "meanwhile")
        assert raised.value.why == "SQLITE_CANTOPEN"
        with pytest.raises(DatabaseAway):
            await store.read(names)
    file.with_suffix(".away").rename(file)
    await store.write(add_group, "after")
    assert "after" in await store.read(names)


async def test_a_damaged_sqlite_file_is_reported(opened: Opened, sqlite_url: str) -> None:
    Path(sqlite_url.removeprefix("sqlite:///")).write_bytes(b"no database " * 1000)
    store = await opened(sqlite_url)
    with pytest.raises(DatabaseAway) as raised:
        await store.write(add_group, "meanwhile")
    assert raised.value.why == "SQLITE_NOTADB"


async def test_a_wrong_statement_is_not_reported_as_an_outage(
    opened: Opened, database_url: str
) -> None:
    store = await opened(database_url)
    with pytest.raises(sa.exc.DBAPIError):
        await store.write(
            lambda tx, _: tx.conn.exec_driver_sql("SELECT 1 FROM no_such_table"), None
        )
    with pytest.raises(sa.exc.DBAPIError):
        await store.read(lambda conn: conn.exec_driver_sql("SELECT 1 FROM no_such_table"))
