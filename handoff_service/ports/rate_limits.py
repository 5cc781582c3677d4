"""The port to the rate limits that all processes share."""

from datetime import datetime
from typing import Protocol


class SharedRateLimits(Protocol):
    """A token bucket for each key. All processes of the desk share the buckets."""

    async def take(self, key: int, a_minute: float, now: datetime) -> float:
        """Take a token from the key's bucket, which has room for the tokens of one minute. Returns
        0, or the seconds until the next token is available."""

    async def close(self) -> None: ...
