"""More requests than the event loop can read: noticed by how far the loop is behind, not by any queue of ours.

A request that waits in a socket is seen by nobody. What can be seen is how long the loop takes for one round: what is
read now may have waited for the round before and for this one.
"""

import asyncio
import math
from time import monotonic

TICK = 0.05  # seconds
LONGEST = 0.3  # seconds that a request may have waited unseen
MANY = 64  # requests in that time; fewer are served quickly, and something else has held up the loop


class Rush:
    """Ask once for each request. Idle, it does nothing."""

    def __init__(self) -> None:
        self._ticking = False
        self._last = self._before_last = math.inf  # when the loop came round
        self._since_last = self._since_before_last = 0  # requests

    def is_on(self) -> bool:
        """Whether to refuse a request at once, so that the next ones are not answered too late."""
        now = monotonic()
        if not self._ticking:
            self._ticking = True
            self._last = self._before_last = now
            self._tick_later()
        self._since_last += 1
        self._since_before_last += 1
        return self._since_before_last > MANY and now - self._before_last > LONGEST

    def _tick(self) -> None:
        self._before_last, self._last = self._last, monotonic()
        self._since_before_last, self._since_last = self._since_last, 0
        if self._since_before_last:
            self._tick_later()
        else:
            self._ticking = False

    def _tick_later(self) -> None:
        asyncio.get_running_loop().call_later(TICK, self._tick)
