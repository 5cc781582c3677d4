"""Redis dies, hangs, loses its data and sends garbage. Five seconds after Redis returns, every
listener has all missed changes. ``python -m tests.chaos.redis_faults`` repeats this fifty times
with two whole services.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

import pytest

from handoff_service.gateways.fanout import redis_fanout
from handoff_service.gateways.fanout.redis_fanout import RedisFanout
from handoff_service.lib.background import Background
from handoff_service.store.engine.transaction import EVERYTHING, Hint
from tests.support.own_redis import GARBAGE, OwnRedis, own_redis

WITHIN = 5.0  # seconds after Redis is back


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[OwnRedis]:
    with own_redis(tmp_path_factory.mktemp("redis")) as made:
        yield made


@pytest.fixture(autouse=True)
def short_time_limits(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make all time limits ten times as short as in a service."""
    for name in ("TRY_AGAIN", "CONNECT_WITHIN", "ANSWER_WITHIN", "PING_AFTER", "CATCH_UP_EVERY"):
        monkeypatch.setattr(redis_fanout, name, getattr(redis_fanout, name) / 10)


@asynccontextmanager
async def fanout(server: OwnRedis, channel: str = "one desk") -> AsyncIterator[RedisFanout]:
    made = RedisFanout(server.url, channel=channel)
    await made.start()
    await asyncio.wait_for(made._subscribed.wait(), 10)
    yield made
    await made.close()


class Page:
    """A listener that reads the whole database whenever a hint arrives."""

    def __init__(self, database: list[int]) -> None:
        self._database = database
        self.shown = 0
        self.looked = asyncio.Event()

    async def listen(self, fanout: RedisFanout) -> None:
        async with fanout.listen(["agent:1"]) as batches:
            self.looked.set()
            async for _ in batches:
                self.shown = len(self._database)

    async def shows_all(self) -> None:
        while self.shown < len(self._database):
            await asyncio.sleep(0.005)


def dies(server: OwnRedis) -> Any:
    server.kill()
    return server.start


def hangs(server: OwnRedis) -> Any:
    server.hang()
    return server.resume


def forgets(server: OwnRedis) -> Any:
    server.forget()
    return lambda: None


def sends_garbage(server: OwnRedis) -> Any:
    server.publish_garbage()
    return lambda: None


@pytest.mark.parametrize(
    "fault", [dies, hangs, forgets, sends_garbage], ids=lambda fault: fault.__name__
)
async def test_listeners_miss_no_change_after_a_fault_of_redis(
    server: OwnRedis, fault: Any
) -> None:
    """Each fault occurs twice, because recovery must also work a second time."""
    database: list[int] = []

    def write() -> None:
        database.append(len(database))
        here.publish([Hint("agent:1", len(database))])

    async with AsyncExitStack() as open_, asyncio.TaskGroup() as tasks:
        here = await open_.enter_async_context(fanout(server))
        there = await open_.enter_async_context(fanout(server))
        page = Page(database)
        listening = tasks.create_task(page.listen(there))
        await page.looked.wait()
        for _ in range(2):
            write()
            await asyncio.wait_for(page.shows_all(), WITHIN)
            end = fault(server)
            for _ in range(3):
                write()
                # This is long enough that Redis refuses some hints, loses some and delays some.
                await asyncio.sleep(0.3)
            end()
            write()
            await asyncio.wait_for(page.shows_all(), WITHIN)
        listening.cancel()


async def test_during_an_outage_of_redis_listeners_poll_the_database(
    server: OwnRedis,
) -> None:
    """Agents must see an offer that another process makes, even during a long outage of Redis."""
    async with fanout(server) as there, there.listen(["agent:1"]) as batches:
        back = asyncio.Event()
        there._returned = back.set
        server.kill()
        try:
            async with asyncio.timeout(WITHIN):
                assert await anext(batches) == [EVERYTHING]
                assert await anext(batches) == [EVERYTHING]
        finally:
            assert not back.is_set()
            server.start()
        # The fan-out calls this, so that agents and offers get their full time again.
        await asyncio.wait_for(back.wait(), WITHIN)


async def test_garbage_is_logged_at_a_limited_rate_and_ends_no_task(
    server: OwnRedis, caplog: pytest.LogCaptureFixture
) -> None:
    failed: list[str] = []
    made = RedisFanout(server.url, channel="logged", background=Background(failed.append))
    await made.start()
    logging.getLogger("patchboard").propagate = True
    async with made.listen(["agent:1"]) as batches:
        with server.client() as client:
            for message in GARBAGE:
                client.publish("logged", message)
            client.publish("logged", '["another", [["agent:1", 5, null]]]')
        while [Hint("agent:1", 5)] != await asyncio.wait_for(anext(batches), WITHIN):
            pass
    await made.close()
    # The test counts records, because another test may have added a second handler.
    seen = {id(record): record.message for record in caplog.records}
    said = [message for message in seen.values() if "hint_not_understood" in message]
    assert (said, failed) == (["action=hint_not_understood count=1"], [])


async def test_two_desks_on_one_redis_do_not_get_each_others_hints(server: OwnRedis) -> None:
    async with (
        fanout(server, "one desk") as one,
        fanout(server, "another desk") as other,
        other.listen(["agent:1"]) as batches,
    ):
        one.publish([Hint("agent:1", 5)])
        other.publish([Hint("agent:1", 7)])
        assert await asyncio.wait_for(anext(batches), WITHIN) == [Hint("agent:1", 7)]
