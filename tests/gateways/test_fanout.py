"""Both fan-outs pass one contract. The fan-out with Redis also sends hints to other processes, and
survives an outage of Redis.
"""

import asyncio
import os
import secrets
from collections.abc import AsyncIterator

import pytest
import redis.asyncio as redis

from handoff_service.gateways.fanout.local_fanout import LocalFanout
from handoff_service.gateways.fanout.redis_fanout import RedisFanout
from handoff_service.ports.fanout import Fanout
from handoff_service.store.engine.transaction import Hint

REDIS = os.environ.get("PATCHBOARD_TEST_REDIS", "redis://127.0.0.1:6379")


@pytest.fixture
async def channel() -> str:
    """Return a channel that only this test uses. Without Redis, the test fails in CI, and elsewhere
    pytest skips it with a message.
    """
    client = redis.from_url(REDIS)
    try:
        await client.ping()
    except (redis.RedisError, OSError) as error:
        said = f"Redis is not there ({error}); set PATCHBOARD_TEST_REDIS"
        if os.environ.get("PATCHBOARD_TEST_REQUIRE_SERVICES") == "1":
            pytest.fail(said)
        pytest.skip(said)
    finally:
        await client.aclose()
    return f"patchboard-test:{secrets.token_hex(6)}"


@pytest.fixture(params=["local", "redis"])
async def fanout(request: pytest.FixtureRequest, channel: str) -> AsyncIterator[Fanout]:
    made: Fanout = (
        LocalFanout() if request.param == "local" else RedisFanout(REDIS, channel=channel)
    )
    await made.start()
    yield made
    await made.close()


async def next_of(batches: AsyncIterator[object]) -> object:
    return await asyncio.wait_for(anext(batches), 5)


class TestContract:
    """The contract of every fan-out."""

    async def test_a_listener_gets_only_hints_of_its_topics(self, fanout: Fanout) -> None:
        async with fanout.listen(["agent:1", "interaction:7"]) as batches:
            fanout.publish([Hint("agent:2", 5), Hint("agent:1", 5)])
            fanout.publish([Hint("interaction:7", 7)])
            assert await next_of(batches) == [Hint("agent:1", 5), Hint("interaction:7", 7)]

    async def test_a_slow_listener_gets_its_missed_hints_merged(self, fanout: Fanout) -> None:
        async with fanout.listen(["agent:1"]) as batches:
            for _ in range(10_000):
                fanout.publish([Hint("agent:1", 5)])
            assert await next_of(batches) == [Hint("agent:1", 5)]

    async def test_closing_ends_the_listeners(self, fanout: Fanout) -> None:
        async with fanout.listen(["agent:1"]) as batches:
            await fanout.close()
            with pytest.raises(StopAsyncIteration):
                await next_of(batches)

    async def test_a_hint_after_the_end_of_its_listener_raises_no_error(
        self, fanout: Fanout
    ) -> None:
        async with fanout.listen(["agent:1"]):
            pass
        fanout.publish([Hint("agent:1", 5)])


async def test_a_hint_reaches_another_process(channel: str) -> None:
    here, there = RedisFanout(REDIS, channel=channel), RedisFanout(REDIS, channel=channel)
    await here.start()
    await there.start()
    async with there.listen(["agent:1"]) as batches:
        here.publish([Hint("agent:1", 5), Hint("agent:1", 7, by=2)])
        assert await next_of(batches) == [Hint("agent:1", 5), Hint("agent:1", 7, by=2)]
    await here.close()
    await there.close()


async def test_the_last_hints_of_a_process_leave_before_it_ends(channel: str) -> None:
    """A process that stops releases its work, nudges the other processes, and then closes the
    fan-out.
    """
    here, there = RedisFanout(REDIS, channel=channel), RedisFanout(REDIS, channel=channel)
    await here.start()
    await there.start()
    async with there.listen(["work"]) as batches:
        here.publish_to_others([Hint("work")])
        await here.close()
        assert await next_of(batches) == [Hint("work")]
    await there.close()


async def test_without_redis_a_process_still_gets_its_own_hints() -> None:
    alone = RedisFanout("redis://127.0.0.1:1", channel="nobody's")
    await alone.start()
    async with alone.listen(["agent:1"]) as batches:
        alone.publish([Hint("agent:1", 5)])
        assert await next_of(batches) == [Hint("agent:1", 5)]
    await alone.close()
