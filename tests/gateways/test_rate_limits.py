"""Processes share rate limits through Redis, and have a fallback without Redis."""

from datetime import UTC, datetime, timedelta

from handoff_service.gateways.fanout.redis_rate_limits import RedisRateLimits
from tests.gateways.test_fanout import REDIS, channel  # noqa: F401  # the fixture that looks for Redis

NOW = datetime(2026, 11, 23, tzinfo=UTC)


async def test_two_processes_count_together(channel: str) -> None:  # noqa: F811
    one, other = (RedisRateLimits(REDIS, prefix=channel, processes=2) for _ in range(2))
    waits = [await limits.take(1, 4, NOW) for limits in (one, other, one, other, one, other)]
    assert waits[:4] == [0, 0, 0, 0]
    assert 0 < waits[4] <= 15
    assert 0 < waits[5] <= 15
    assert await other.take(2, 4, NOW) == 0, "each key has its own limit"
    await one.close()
    await other.close()


async def test_without_redis_each_process_allows_its_share_of_the_limit() -> None:
    alone = RedisRateLimits("redis://127.0.0.1:1", prefix="nobody's", processes=2)
    assert [await alone.take(1, 4, NOW) for _ in range(3)] == [0, 0, 30]
    assert await alone.take(1, 4, NOW + timedelta(seconds=30)) == 0
    await alone.close()
