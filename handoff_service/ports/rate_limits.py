"""The port to the rate limits that all processes share."""

from datetime import datetime
from typing import Protocol


class SharedRateLimits(Protocol):
    """A token bucket for each key. All processes of the desk take from it."""

    async def take(self, key: int, a_minute: float, now: datetime) -> float:
        """Take one from the key's bucket, which holds one minute's worth. Returns 0, or the seconds
        until the next one is there."""

    async def close(self) -> None: ...
