"""A circuit breaker: a server that does not answer is not asked for a while, so that nobody waits for it.

https://learn.microsoft.com/azure/architecture/patterns/circuit-breaker
"""

import time
from collections.abc import Callable
from enum import StrEnum

FAILURES = 5  # in a row, after which it opens
PAUSE = 10.0  # seconds until one request may try again; no longer, because each one that fails fast misses the server


class State(StrEnum):
    """``closed``: requests pass. ``open``: none does. ``half_open``: one tries whether the server is back."""

    CLOSED = "closed"
    OPEN = "open"
    HALF_OPEN = "half_open"


class CircuitBreaker:
    """Of one server. Each request asks ``allows`` first, and reports how it ended."""

    def __init__(
        self,
        changed: Callable[[State], None] = lambda _state: None,
        *,
        seconds: Callable[[], float] = time.monotonic,
    ) -> None:
        self.state = State.CLOSED
        self._changed = changed
        self._seconds = seconds
        self._failures = 0
        self._opened_at = 0.0

    def allows(self) -> bool:
        """Whether to send this request. The first one after the pause becomes the probe; the
        others fail fast until it has ended."""
        if self.state is State.OPEN and self._seconds() - self._opened_at >= PAUSE:
            self._become(State.HALF_OPEN)
            return True
        return self.state is State.CLOSED

    def succeeded(self) -> None:
        """The server answered."""
        self._failures = 0
        self._become(State.CLOSED)

    def failed(self) -> None:
        """The server did not answer."""
        self._failures += 1
        if self.state is State.HALF_OPEN or (self.state is State.CLOSED and self._failures >= FAILURES):
            self._open()

    def abandoned(self) -> None:
        """The request was canceled, so it tells nothing. Another one becomes the probe."""
        if self.state is State.HALF_OPEN:
            self._open()

    def _open(self) -> None:
        self._opened_at = self._seconds()
        self._become(State.OPEN)

    def _become(self, state: State) -> None:
        if state is not self.state:
            self.state = state
            self._changed(state)
