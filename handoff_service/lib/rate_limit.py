"""Rate limits: a token bucket for each key."""

from datetime import datetime


class RateLimits:
    """A bucket for each key. A full bucket allows all requests of a minute at once. Use it on one
    event loop."""

    def __init__(self) -> None:
        self._buckets: dict[int, tuple[float, datetime]] = {}

    def take(self, key: int, a_minute: float, now: datetime) -> float:
        """Take one token from the key's bucket. Returns 0, or, if the bucket is empty, the seconds
        until its next token."""
        most = max(a_minute, 1.0)
        left, since = self._buckets.get(key, (most, now))
        passed = max((now - since).total_seconds(), 0.0)
        left = min(most, left + passed * a_minute / 60)
        if left < 1:
            self._buckets[key] = (left, now)
            return (1 - left) * 60 / a_minute
        self._buckets[key] = (left - 1, now)
        return 0.0


class LocalRateLimits:
    """The limits of a desk with one process."""

    def __init__(self) -> None:
        self._limits = RateLimits()

    async def take(self, key: int, a_minute: float, now: datetime) -> float:
        return self._limits.take(key, a_minute, now)

    async def close(self) -> None:
        pass
