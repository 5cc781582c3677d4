"""A lane's priority queue. Requests from outside run before the service's own work.

The work after a text, such as finding a free agent, takes longer than storing the text. In a single
queue, new texts would wait for the work of all earlier texts.
"""

import queue
from collections import deque
from collections.abc import Iterable
from time import monotonic

MIN_SHARE = 0.02  # in each batch, own work may begin for at least this many seconds


class CommandQueue[T]:
    """A queue of requests and own work. Any thread may put items, but only one thread may take
    them. ``at_once``: how many requests, and how many pieces of own work, a batch may have."""

    def __init__(self, at_once: int) -> None:
        self._at_once = at_once
        self._arrived: queue.SimpleQueue[tuple[T, bool] | None] = queue.SimpleQueue()
        self._requests: deque[T] = deque()
        self._own: deque[T] = deque()
        self._closed = False

    def __len__(self) -> int:
        """Estimate how many requests are ahead of a new request. Own work counts too until
        ``take`` has sorted it."""
        return self._arrived.qsize() + len(self._requests)

    def put(self, item: T, *, own: bool) -> None:
        self._arrived.put((item, own))

    def put_back(self, items: Iterable[T]) -> None:
        """Put own work that was taken but not done back at the front, in order."""
        self._own.extendleft(reversed(list(items)))

    def close(self) -> None:
        """Stop after the items that are already queued."""
        self._arrived.put(None)

    def take(self) -> list[T]:
        """Wait for an item and return the next batch: requests, then own work. An empty batch means
        that the queue is closed and empty."""
        self._sort_arrived(wait=not (self._requests or self._own or self._closed))
        return [*self._take_up_to(self._requests), *self._take_up_to(self._own)]

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

    def _take_up_to(self, waiting: deque[T]) -> list[T]:
        return [waiting.popleft() for _ in range(min(len(waiting), self._at_once))]


class OwnShare:
    """Limits the own work in a batch. The next piece may begin while own work has taken at most
    half the time that the batch's requests took, or at most MIN_SHARE. So own work always makes
    progress, and a long batch spends about two thirds of its time on requests."""

    def __init__(self) -> None:
        self._began = monotonic()
        self._own_began: float | None = None

    def has_room(self) -> bool:
        """Return whether another piece of own work may begin. The first one always may."""
        now = monotonic()
        if self._own_began is None:
            self._own_began = now
        return now - self._own_began <= max(MIN_SHARE, (self._own_began - self._began) / 2)
