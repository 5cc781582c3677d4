"""Overload: the service refuses requests immediately if the queue is too long. It never refuses its
own work.
"""

import asyncio
import sqlite3
import threading

import pytest
import sqlalchemy as sa

from handoff_service.errors import DatabaseAway, OutcomeUnknown, Overloaded, RepeatSafely
from handoff_service.store.engine import admission
from handoff_service.store.engine import tables as t
from handoff_service.store.engine.admission import REQUEST, Admission, Patience, Ticket
from handoff_service.store.engine.command_ids import CommandId
from handoff_service.store.engine.lanes import MAX_BATCH
from handoff_service.store.engine.store import READERS, READS_AT_ONCE, Store
from handoff_service.store.engine.transaction import OperationSettings, Transaction
from tests.conftest import MovedClock
from tests.support.blocked_lane import blocked


def add_group(tx: Transaction, name: str) -> str:
    tx.conn.execute(sa.insert(t.groups).values(name=name))
    return name


async def test_a_full_queue_refuses_requests_at_once_and_answers_accepted_ones(
    store: Store,
) -> None:
    """While a lane is blocked, one batch may wait. The service's own work is all accepted."""
    asking = store.for_requests(Patience(30, can_be_refused=True))
    waiting = []
    async with blocked(store):
        for n in range(MAX_BATCH + 1):
            waiting.append(asyncio.ensure_future(asking.write(add_group, f"g{n}", near=1)))
        refused: Exception | None = None
        while refused is None:  # This repeats until the queue has not moved for too long.
            await asyncio.sleep(0.05)
            try:
                async with asyncio.timeout(0.05):
                    await asking.write(lambda _tx, _: None, None, near=1)
            except (TimeoutError, Overloaded) as error:
                refused = error if isinstance(error, Overloaded) else None
        assert refused.status == 503
        assert refused.retry_after
        own = asyncio.ensure_future(store.write(add_group, "own", near=1))
        await asyncio.sleep(0)
    assert await asyncio.gather(*waiting, own) == [
        *(f"g{n}" for n in range(MAX_BATCH + 1)),
        "own",
    ]
    await asking.write(add_group, "after", near=1)


async def test_an_abandoned_queued_command_never_runs(store: Store) -> None:
    """The caller got a 503 and may have sent the request to another address, so the command must
    not run later.
    """
    async with blocked(store):
        with pytest.raises(DatabaseAway):
            await store.for_requests(Patience(0.05)).write(add_group, "given up", near=1)
        own = asyncio.ensure_future(store.write(add_group, "own", near=1))
        await asyncio.sleep(0)
    await own
    there = set(
        await store.read(lambda conn: conn.execute(sa.select(t.groups.c.name)).scalars().all())
    )
    assert "own" in there
    assert "given up" not in there


@pytest.mark.parametrize(
    ("id", "error"), [(None, OutcomeUnknown), (CommandId("one", ""), RepeatSafely)]
)
async def test_a_command_that_has_started_may_still_finish(
    store: Store, id: CommandId | None, error: type[OutcomeUnknown]
) -> None:
    goes_on = threading.Event()

    def slow(tx: Transaction, name: str) -> str:
        goes_on.wait(30)
        return add_group(tx, name)

    asking = store.for_requests(Patience(0.3))
    if id is not None:
        asking = asking.under(id)
    with pytest.raises(OutcomeUnknown) as raised:
        await asking.write(slow, "slow", near=1)
    assert type(raised.value) is error
    goes_on.set()
    await store.write(add_group, "after", near=1)
    named = sa.select(t.groups.c.id).where(t.groups.c.name == "slow")
    assert await store.read(lambda conn: conn.execute(named).scalar()) is not None


async def test_a_caller_who_gives_up_while_the_file_is_locked_changes_nothing(
    sqlite_url: str, clock: MovedClock
) -> None:
    store = Store(
        sqlite_url, clock=clock, settings=OperationSettings(), after_commit=lambda _hints, _at: None
    )
    locks = sqlite3.connect(sqlite_url.removeprefix("sqlite:///"), isolation_level=None)
    locks.execute("BEGIN IMMEDIATE")
    with pytest.raises(DatabaseAway) as raised:
        await store.for_requests(Patience(0.3)).write(add_group, "locked", near=1)
    assert type(raised.value) is DatabaseAway
    locks.execute("ROLLBACK")
    await store.write(add_group, "after", near=1)
    named = sa.select(t.groups.c.id).where(t.groups.c.name == "locked")
    assert await store.read(lambda conn: conn.execute(named).scalar()) is None
    store.close()


async def test_reads_also_have_a_limit(store: Store) -> None:
    """All readers hang. Callers get an error in time, and a full queue refuses requests
    immediately.
    """
    goes_on, all_hang = threading.Event(), threading.Barrier(READERS + 1)

    def hang(_conn: object) -> None:
        all_hang.wait(30)
        goes_on.wait(30)

    asking = store.for_requests(Patience(1.5, can_be_refused=True))
    stuck = [asyncio.ensure_future(store.read(hang)) for _ in range(READERS)]
    await asyncio.to_thread(all_hang.wait, 30)
    waiting = [asyncio.ensure_future(asking.read(lambda _conn: 1)) for _ in range(READS_AT_ONCE)]
    own = asyncio.ensure_future(store.read(lambda _conn: "own"))
    outcomes = await asyncio.gather(*waiting, return_exceptions=True)
    assert {type(one) for one in outcomes} == {DatabaseAway}
    more = [asyncio.ensure_future(store.read(lambda _conn: 2)) for _ in range(READS_AT_ONCE)]
    await asyncio.sleep(0)
    with pytest.raises(Overloaded):
        await asking.read(lambda _conn: 1)
    goes_on.set()
    assert await own == "own"
    assert set(await asyncio.gather(*more)) == {2}
    assert await asking.read(lambda _conn: 3) == 3
    await asyncio.gather(*stuck)


def test_the_length_of_a_queue_is_measured_in_seconds() -> None:
    """A thousand commands may wait if they take half a second, but not if they take five."""
    queue = Admission(256)
    queue.took()
    queue.admit(REQUEST, 10_000)  # no measurements yet
    queue.served(256, 0.128)
    queue.admit(REQUEST, 1000)
    for _ in range(20):
        queue.served(256, 1.28)
    queue.admit(REQUEST, 256)  # One batch may always wait.
    with pytest.raises(Overloaded):
        queue.admit(REQUEST, 1000)
    queue.admit(Patience(), 1000)


def test_a_burst_after_a_quiet_hour_is_accepted(monkeypatch: pytest.MonkeyPatch) -> None:
    """The time without progress counts only while the queue serves a batch."""
    at = 0.0
    monkeypatch.setattr(admission, "monotonic", lambda: at)
    queue = Admission(256)
    queue.took()
    queue.served(1, 0.01)
    at = 3600.0
    queue.admit(REQUEST, 1000)
    queue.took()
    at += 1.1
    with pytest.raises(Overloaded):
        queue.admit(REQUEST, 1000)


def test_the_time_of_single_commands_does_not_predict_that_of_a_batch() -> None:
    """In a quiet hour, each text has its own commit. Afterwards, a lane must not refuse a burst."""
    queue = Admission(256)
    for _ in range(100):
        queue.served(1, 0.01)
    queue.took()
    queue.admit(REQUEST, 1000)


@pytest.mark.parametrize(
    ("waited", "behind", "refused"), [(0.9, 300, False), (1.1, 300, True), (1.1, 256, False)]
)
def test_the_connections_that_waited_longest_are_closed_first(
    waited: float, behind: int, refused: bool
) -> None:
    assert (
        Admission(256).has_waited_too_long(Ticket(0, 9, can_be_refused=True), waited, behind)
        is refused
    )
    assert not Admission(256).has_waited_too_long(Ticket(0), waited, behind)
