"""Rate limits that several processes share through Redis. While Redis is unavailable, each process
allows an equal share of the limit."""

from contextlib import suppress
from datetime import datetime, timedelta

import redis.asyncio as redis
from redis.exceptions import RedisError

from handoff_service import log
from handoff_service.lib.rate_limit import LocalRateLimits

ANSWER_WITHIN = 0.5  # seconds; short, because requests wait for Redis
TRY_AGAIN = timedelta(seconds=5)
# Takes one token from the bucket atomically. It uses the Redis server's clock, which is the same
# for all processes.
_TAKE = """
local most, a_second = tonumber(ARGV[1]), tonumber(ARGV[2])
local time = redis.call('TIME')
local now = tonumber(time[1]) + tonumber(time[2]) / 1000000
local bucket = redis.call('HMGET', KEYS[1], 'left', 'at')
local passed = math.max(now - (tonumber(bucket[2]) or now), 0)
local left = math.min(most, (tonumber(bucket[1]) or most) + passed * a_second)
local wait = 0
if left < 1 then wait = (1 - left) / a_second else left = left - 1 end
redis.call('HSET', KEYS[1], 'left', left, 'at', now)
redis.call('EXPIRE', KEYS[1], ARGV[3])
return tostring(wait)
"""


class RedisRateLimits:
    """A token bucket for each key. ``prefix``: the prefix of the keys in Redis. ``processes``: how
    many processes divide a limit among them while Redis is unavailable."""

    def __init__(self, url: str, *, prefix: str, processes: int) -> None:
        self._redis = redis.from_url(
            url, socket_connect_timeout=ANSWER_WITHIN, socket_timeout=ANSWER_WITHIN
        )
        self._take = self._redis.register_script(_TAKE)
        self._prefix, self._processes = prefix, processes
        self._local = LocalRateLimits()
        self._away_until: datetime | None = None

    async def take(self, key: int, a_minute: float, now: datetime) -> float:
        if self._away_until is None or now >= self._away_until:
            try:
                return await self._shared(key, a_minute)
            except (RedisError, OSError) as error:
                self._away_until = now + TRY_AGAIN
                log.warning("rate_limit_not_shared", why=type(error).__name__)
        return await self._local.take(key, a_minute / self._processes, now)

    async def _shared(self, key: int, a_minute: float) -> float:
        # after this time, an unused bucket is full again, so Redis may delete it
        full_after = int(max(60, 60 / a_minute)) + 1
        args = [max(a_minute, 1.0), a_minute / 60, full_after]
        return float(await self._take(keys=[f"{self._prefix}:{key}"], args=args))

    async def close(self) -> None:
        with suppress(RedisError, OSError):
            await self._redis.aclose()
