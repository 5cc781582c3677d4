"""Two processes on one database: the other process does newly scheduled work at once."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import datetime, timedelta
from typing import Any

import pytest

from handoff_service import clock as real
from handoff_service.gateways.bot.no_bot import NoBot
from handoff_service.gateways.fanout.redis_fanout import RedisFanout
from handoff_service.gateways.fanout.worker_nudges import WorkerNudges
from handoff_service.lib.background import Background
from handoff_service.operations.shared.job import WorkerDeps
from handoff_service.rules.shared.vocabulary import Work
from handoff_service.store.engine import claiming, due_work
from handoff_service.store.engine.due_work import DESK_LINE, Due
from handoff_service.store.engine.store import Store
from handoff_service.store.engine.transaction import OperationSettings, Transaction
from handoff_service.worker import LONGEST_SLEEP, Worker
from tests.gateways.test_fanout import REDIS, channel

__all__ = ["channel"]  # a fixture
KINDS = frozenset({Work.OFFER_WORK})


class Process:
    """A process of the service, with or without a worker."""

    def __init__(self, store: Store, fanout: RedisFanout, workers: list[Worker]) -> None:
        self.store, self.workers = store, workers
        self.nudges = WorkerNudges(lambda: store, lambda: fanout, real.now, workers)


@asynccontextmanager
async def process(url: str, channel: str, *, works: bool) -> AsyncIterator[Process]:
    made: list[Process] = []

    def publish(_hints: object, work_at: Mapping[Work, datetime]) -> None:
        made[0].nudges.nudge(work_at)

    none: Any = None
    store = Store(url, clock=real.now, settings=OperationSettings(), after_commit=publish)
    fanout, background = RedisFanout(REDIS, channel=channel), Background()
    deps = WorkerDeps(store=store, provider=none, bot=NoBot(), clock=real.now)
    workers = [Worker(deps, KINDS)] if works else []
    made.append(Process(store, fanout, workers))
    await fanout.start()
    for n, run in enumerate([made[0].nudges.run, *(worker.run for worker in workers)]):
        background.start(str(n), run)
    try:
        yield made[0]
    finally:
        await background.stop()
        await fanout.close()
        store.close()


async def asleep(one: Process) -> None:
    """Wait until no work is scheduled and the worker sleeps for its longest time."""
    async with asyncio.timeout(10):
        while (
            await one.store.read(claiming.next_due, real.now(), KINDS) is not None
            or (until := one.workers[0]._sleeps_until) is None
            or until < real.now() + LONGEST_SLEEP - timedelta(seconds=10)
        ):
            await asyncio.sleep(0.01)


def schedule(tx: Transaction, seconds: float) -> None:
    at = tx.now + timedelta(seconds=seconds)
    due_work.schedule(tx, [Due(kind=Work.OFFER_WORK, key=DESK_LINE, line=DESK_LINE, due_at=at)])


@pytest.mark.parametrize("seconds", [0, 0.2])
async def test_another_process_does_the_scheduled_work_at_once(
    postgres_url: str, channel: str, seconds: float
) -> None:
    async with AsyncExitStack() as open_:
        here = await open_.enter_async_context(process(postgres_url, channel, works=False))
        there = await open_.enter_async_context(process(postgres_url, channel, works=True))
        await asleep(there)
        await here.store.write(schedule, seconds)
        # Without a nudge, a sleeping worker would notice the work only after LONGEST_SLEEP.
        assert timedelta(seconds=20) < LONGEST_SLEEP
        await asleep(there)
