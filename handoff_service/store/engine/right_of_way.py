"""Right of way in a lane: requests from outside before the service's own work.

What follows from a text, such as the look for a free agent, takes longer than storing the text. In
one queue, texts that came after a pause of the lane waited for all that earlier texts had caused.
"""

import queue
from collections import deque
from collections.abc import Iterable
from time import monotonic

LEAST_SHARE = 0.02  # seconds of each batch


class Queue[T]:
    """Requests and own work. Any thread puts; one thread takes. ``at_once``: the most of each that
    it takes."""

    def __init__(self, at_once: int) -> None:
        self._at_once = at_once
        self._arrived: queue.SimpleQueue[tuple[T, bool] | None] = queue.SimpleQueue()
        self._requests: deque[T] = deque()
        self._own: deque[T] = deque()
        self._closed = False

    def __len__(self) -> int:
        """How many may have to be served before a request that comes now."""
        return self._arrived.qsize() + len(self._requests)

    def put(self, item: T, *, own: bool) -> None:
        self._arrived.put((item, own))

    def put_back(self, items: Iterable[T]) -> None:
        """Put own work that was taken back to the front, in order."""
        self._own.extendleft(reversed(list(items)))

    def close(self) -> None:
        """Take no more after what has been put."""
        self._arrived.put(None)

    def take(self) -> list[T]:
        """Requests, then own work; waits for one of them. Empty: closed, and nothing is left."""
        self._sort_arrived(wait=not (self._requests or self._own or self._closed))
        return [*self._some(self._requests), *self._some(self._own)]

    def _sort_arrived(self, *, wait: bool) -> None:
        try:
            while not self._closed:
                item = self._arrived.get(block=wait)
                if item is None:
                    self._closed = True
                else:
                    (self._own if item[1] else self._requests).append(item[0])
                wait = False
        except queue.Empty:
            pass

    def _some(self, waiting: deque[T]) -> list[T]:
        return [waiting.popleft() for _ in range(min(len(waiting), self._at_once))]


class OwnShare:
    """The time of own work in one batch: half as long as the requests before it took, and at least
    LEAST_SHARE. So a request waits at most half as long again as without own work, and own work
    always goes on."""

    def __init__(self) -> None:
        self._began = monotonic()
        self._own_began: float | None = None

    def has_room(self) -> bool:
        """Whether another piece of own work may begin. The first may always."""
        now = monotonic()
        if self._own_began is None:
            self._own_began = now
        return now - self._own_began <= max(LEAST_SHARE, (self._own_began - self._began) / 2)
