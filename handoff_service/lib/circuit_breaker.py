"""A circuit breaker: stops requests to an unresponsive server for a while, so that callers do not
wait for it.

https://learn.microsoft.com/azure/architecture/patterns/circuit-breaker
"""

import time
from collections.abc import Callable
from enum import StrEnum

FAILURES = 5  # consecutive failures that open the breaker
# Seconds until one request may test the server. It is short, because all requests fail until then.
PAUSE = 10.0


class BreakerState(StrEnum):
    """``closed``: all requests pass. ``open``: no request passes. ``half_open``: one request tests
    the server."""

    CLOSED = "closed"
    OPEN = "open"
    HALF_OPEN = "half_open"


class CircuitBreaker:
    """The breaker of one server. Each request first calls ``allows`` and later reports its
    result."""

    def __init__(
        self,
        changed: Callable[[BreakerState], None] = lambda _state: None,
        *,
        seconds: Callable[[], float] = time.monotonic,
    ) -> None:
        self.state = BreakerState.CLOSED
        self._changed = changed
        self._seconds = seconds
        self._failures = 0
        self._opened_at = 0.0

    def allows(self) -> bool:
        """Whether to send this request. The first request after the pause is the test. Until it
        ends, all other requests fail at once."""
        if self.state is BreakerState.OPEN and self._seconds() - self._opened_at >= PAUSE:
            self._become(BreakerState.HALF_OPEN)
            return True
        return self.state is BreakerState.CLOSED

    def succeeded(self) -> None:
        """Record that the server answered."""
        self._failures = 0
        self._become(BreakerState.CLOSED)

    def failed(self) -> None:
        """Record that the server did not answer."""
        self._failures += 1
        if self.state is BreakerState.HALF_OPEN or (
            self.state is BreakerState.CLOSED and self._failures >= FAILURES
        ):
            self._open()

    def abandoned(self) -> None:
        """Record that the request was canceled, so its result is unknown. If it was the test,
        another request becomes the test after the next pause."""
        if self.state is BreakerState.HALF_OPEN:
            self._open()

    def _open(self) -> None:
        self._opened_at = self._seconds()
        self._become(BreakerState.OPEN)

    def _become(self, state: BreakerState) -> None:
        if state is not self.state:
            self.state = state
            self._changed(state)
