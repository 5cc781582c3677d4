"""A transaction that requests a run of offers or of the text index never waits for another
transaction. Only one run of offers works at a time.
"""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from handoff_service.gateways.bot.no_bot import NoBot
from handoff_service.operations.conversations.index_texts import index_texts, schedule_indexing
from handoff_service.operations.routing.offer_work import AT_ONCE, offer_work, run_offers
from handoff_service.operations.shared.job import WorkerDeps
from handoff_service.operations.shared.schedule_offers import schedule_offers
from handoff_service.rules.shared.vocabulary import Work
from handoff_service.store.engine import due_work
from handoff_service.store.engine import tables as t
from handoff_service.store.engine.database import engine
from handoff_service.store.engine.store import Store
from handoff_service.store.engine.transaction import OperationSettings, Transaction
from handoff_service.worker import Worker
from tests.conftest import Heard, MovedClock
from tests.support.story import ANN, BOB, DIRECT, MIA, Story

RUNS = t.due_work.c.kind == Work.OFFER_WORK


@pytest.fixture
async def on_postgres(
    postgres_url: str, clock: MovedClock, heard: Heard
) -> AsyncIterator[tuple[Story, str]]:
    store = Store(postgres_url, clock=clock, settings=OperationSettings(), after_commit=heard)
    yield Story(store), postgres_url
    store.close()


@contextmanager
def another_process(url: str, clock: MovedClock) -> Iterator[Transaction]:
    """A transaction of another process that is not committed yet."""
    opened = engine(url, size=1, writes=True)
    with opened.connect() as conn, conn.begin():
        yield Transaction(conn=conn, now=clock.now, settings=OperationSettings())
    opened.dispose()


def worker(story: Story, clock: MovedClock) -> Worker:
    none: Any = None
    deps = WorkerDeps(store=story.store, provider=none, bot=NoBot(), clock=clock)
    return Worker(deps, frozenset({Work.OFFER_WORK}))


async def test_one_run_serves_all_requests(story: Story, clock: MovedClock) -> None:
    await story.available(MIA)
    await story.offer()
    await story.text(number=ANN, to=DIRECT)
    await story.text(number=BOB, to=DIRECT)
    assert {row.line for row in await story.rows(t.due_work, RUNS)} == {due_work.ASKED_LINE}
    assert await worker(story, clock).step() == 1
    assert len(await story.inbox(MIA)) == 2
    assert await story.count(t.due_work, RUNS, t.due_work.c.due_at <= clock.now) == 0


async def test_a_transaction_requests_a_run_only_once(story: Story) -> None:
    await story.offer()

    def asks_twice(tx: Transaction, _command: None) -> None:
        schedule_offers(tx)
        schedule_offers(tx)

    await story.store.write(asks_twice, None)
    assert await story.count(t.due_work, RUNS) == 1


async def test_a_run_that_is_due_later_blocks_no_transaction(
    story: Story, clock: MovedClock
) -> None:
    await story.available(MIA)
    await story.text(number=ANN, to=DIRECT)
    await story.offer()

    def later(tx: Transaction, _command: None) -> None:
        at = tx.now.replace(year=tx.now.year + 1)
        key = due_work.DESK_LINE
        due_work.schedule(tx, [due_work.Due(kind=Work.OFFER_WORK, key=key, line=key, due_at=at)])

    await story.store.write(later, None)
    await story.text(number=BOB, to=DIRECT)
    await worker(story, clock).step()
    assert len(await story.inbox(MIA)) == 2


async def test_a_run_that_continues_keeps_its_position(story: Story) -> None:
    def continues(tx: Transaction, _command: None) -> None:
        due_work.schedule(
            tx,
            [
                due_work.Due(
                    kind=Work.OFFER_WORK,
                    key=f"{due_work.DESK_LINE}+{AT_ONCE}",
                    line=due_work.DESK_LINE,
                    due_at=tx.now,
                )
            ],
        )

    await story.store.write(continues, None)
    await story.offer()
    (row,) = await story.rows(t.due_work, RUNS)
    assert row.key == f"{due_work.DESK_LINE}+{AT_ONCE}"
    await story.store.write(offer_work, AT_ONCE)
    assert await story.count(t.due_work, RUNS) == 0


async def test_a_text_does_not_wait_for_a_run_of_another_process(
    on_postgres: tuple[Story, str], clock: MovedClock
) -> None:
    story, url = on_postgres
    await story.text(number=ANN, to=DIRECT)
    with another_process(url, clock) as tx:
        assert run_offers(tx, 0)
        async with asyncio.timeout(1):  # This is shorter than a lock's timeout.
            await story.text(number=BOB, to=DIRECT)
    assert await story.count(t.due_work, RUNS) == 1, "the run did not see Bob's text"


async def test_a_text_does_not_wait_for_a_text_of_another_process(
    on_postgres: tuple[Story, str], clock: MovedClock
) -> None:
    story, url = on_postgres
    await story.offer()
    with another_process(url, clock) as tx:
        schedule_offers(tx)
        tx.finish()
        async with asyncio.timeout(1):
            await story.text(number=BOB, to=DIRECT)
    assert await story.count(t.due_work, RUNS) == 2


async def test_only_one_run_works_at_a_time(
    on_postgres: tuple[Story, str], clock: MovedClock
) -> None:
    story, url = on_postgres
    await story.available(MIA)
    await story.offer()
    await story.text(number=ANN, to=DIRECT)
    with another_process(url, clock) as tx:
        assert run_offers(tx, AT_ONCE)  # The run holds the lock and makes no offer.
        waits = asyncio.create_task(worker(story, clock).step())
        await asyncio.sleep(0.2)
        assert not waits.done()
        assert await story.inbox(MIA) == []
        async with asyncio.timeout(1):  # The waiting run blocks no lane.
            await story.text(number=BOB, to=DIRECT)
    await waits
    assert len(await story.inbox(MIA)) == 2


# The text index -----------------------------------------------------------------------------------

INDEXING = t.due_work.c.kind == Work.INDEX_TEXTS


async def test_one_run_of_the_index_serves_all_requests(story: Story) -> None:
    await story.text()
    for _ in range(2):
        await story.store.write(schedule_indexing, None)
    assert await story.count(t.due_work, INDEXING) == 2
    assert not await story.store.write(index_texts, None)
    assert await story.count(t.due_work, INDEXING) == 0


async def test_a_text_does_not_wait_for_an_index_run_of_another_process(
    on_postgres: tuple[Story, str], clock: MovedClock
) -> None:
    story, url = on_postgres
    await story.text()
    await story.store.write(schedule_indexing, None)
    with another_process(url, clock) as tx:
        index_texts(tx)
        async with asyncio.timeout(1):
            await story.store.write(schedule_indexing, None)
    assert await story.count(t.due_work, INDEXING) == 1
