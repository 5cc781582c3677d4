"""The priority queue of a lane: requests from outside run before the service's own work.

The work that follows a text, such as finding a free agent, takes longer than storing the text. With
a single queue, new texts would wait for all the follow-up work of earlier texts.
"""

import queue
from collections import deque
from collections.abc import Iterable
from time import monotonic

LEAST_SHARE = 0.02  # seconds of each batch


class CommandQueue[T]:
    """Requests and own work. Any thread puts items; one thread takes them. ``at_once``: the most
    requests, and the most own work, in one batch."""

    def __init__(self, at_once: int) -> None:
        self._at_once = at_once
        self._arrived: queue.SimpleQueue[tuple[T, bool] | None] = queue.SimpleQueue()
        self._requests: deque[T] = deque()
        self._own: deque[T] = deque()
        self._closed = False

    def __len__(self) -> int:
        """The number of requests that a new request would wait for."""
        return self._arrived.qsize() + len(self._requests)

    def put(self, item: T, *, own: bool) -> None:
        self._arrived.put((item, own))

    def put_back(self, items: Iterable[T]) -> None:
        """Return own work that was taken but not done to the front, in order."""
        self._own.extendleft(reversed(list(items)))

    def close(self) -> None:
        """Stop after the items that are already queued."""
        self._arrived.put(None)

    def take(self) -> list[T]:
        """The next batch: requests, then own work. Waits for an item. Empty: the queue is closed
        and has no more items."""
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
    LEAST_SHARE. So the service's own work lengthens a request's wait by at most half, and the own
    work always makes progress."""

    def __init__(self) -> None:
        self._began = monotonic()
        self._own_began: float | None = None

    def has_room(self) -> bool:
        """Whether another piece of own work may begin. The first one always may."""
        now = monotonic()
        if self._own_began is None:
            self._own_began = now
        return now - self._own_began <= max(LEAST_SHARE, (self._own_began - self._began) / 2)
