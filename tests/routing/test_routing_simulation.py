"""A large desk's day in simulated time. No agent exceeds their capacity, no conversation has two
owners, no requester waits forever, and each waiting requester gets a text.
"""

import asyncio
import os
import random
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from handoff_service.gateways.bot.no_bot import NoBot
from handoff_service.operations.shared.job import WorkerDeps
from handoff_service.rules.shared.vocabulary import Work
from handoff_service.store.engine import tables as t
from handoff_service.store.engine.store import Store
from handoff_service.worker import Worker
from tests.conftest import MovedClock
from tests.support.routing_day import Day, lay_out
from tests.support.story import Story

# `make simulation` uses 200 agents and 5,000 conversations. The normal run is small enough to take
# seconds.
AGENTS = int(os.environ.get("PATCHBOARD_TEST_AGENTS", "25"))
CONVERSATIONS = int(os.environ.get("PATCHBOARD_TEST_CONVERSATIONS", "150"))
KINDS = frozenset({Work.OFFER_WORK, Work.EXPIRE_OFFER, Work.LOST_CONNECTION})


async def run_the_day(story: Story, clock: MovedClock, day: Day) -> None:
    await story.store.write(lambda tx, _: lay_out(tx.conn, AGENTS), None)
    await day.run(CONVERSATIONS, a_tick=max(CONVERSATIONS // 60, 1))
    assert await story.count(t.interactions) == CONVERSATIONS
    assert await story.count(t.interactions, t.interactions.c.closed_at.is_(None)) == 0
    for outcome in ("accepted", "rejected", "timed_out", "withdrawn"):
        assert await story.count(t.offers, t.offers.c.outcome == outcome), f"no offer was {outcome}"


def make_worker(store: Store, clock: MovedClock) -> Worker:
    return Worker(WorkerDeps(store=store, provider=None, bot=NoBot(), clock=clock), KINDS)  # type: ignore[arg-type]


async def test_a_day_with_many_agents_keeps_the_invariants(story: Story, clock: MovedClock) -> None:
    day = Day(story.store, clock, make_worker(story.store, clock).step, AGENTS, random.Random(4))
    await run_the_day(story, clock, day)


@asynccontextmanager
async def second_process(url: str, clock: MovedClock) -> AsyncIterator[object]:
    command = [sys.executable, "-m", "tests.support.routing_worker", url]
    pipe = asyncio.subprocess.PIPE
    process = await asyncio.create_subprocess_exec(*command, stdin=pipe, stdout=pipe)
    assert process.stdin
    assert process.stdout

    async def step() -> int:
        process.stdin.write(f"{clock.now.isoformat()}\n".encode())
        return int(await process.stdout.readline())

    yield step
    process.stdin.close()
    await process.wait()


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
async def test_a_day_with_two_processes_keeps_the_invariants(
    database_url: str, story: Story, clock: MovedClock
) -> None:
    worker = make_worker(story.store, clock)
    async with second_process(database_url, clock) as other:

        async def both() -> int:
            return sum(await asyncio.gather(worker.step(), other()))  # type: ignore[operator]

        day = Day(story.store, clock, both, AGENTS, random.Random(5))
        await run_the_day(story, clock, day)
