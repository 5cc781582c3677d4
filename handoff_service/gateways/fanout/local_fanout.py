"""Fan-out within one process: hints go directly to the listeners."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

from handoff_service.store.engine.transaction import EVERYTHING, Hint

# When all listeners catch up, they start at most this many seconds apart, which spreads their
# queries over time. With many listeners, the interval is shorter: all have started within
# LONGEST_CATCH_UP.
APART = 0.005
LONGEST_CATCH_UP = 2.0  # seconds


class _Listener:
    """The hints that one listener has not read yet. Equal hints are stored once, so the set stays
    small."""

    def __init__(self) -> None:
        self._pending: dict[Hint, None] = {}
        self._has_hints = asyncio.Event()
        self.open = True

    def add(self, hint: Hint) -> None:
        self._pending[hint] = None
        self._has_hints.set()

    def end(self) -> None:
        self.open = False
        self._has_hints.set()

    async def batches(self) -> AsyncIterator[Sequence[Hint]]:
        while True:
            await self._has_hints.wait()
            self._has_hints.clear()
            batch, self._pending = list(self._pending), {}
            if batch:
                yield batch
            if not self.open:
                return


class LocalFanout:
    """The fan-out for a single process, which needs no Redis."""

    def __init__(self) -> None:
        self._listeners: dict[str, set[_Listener]] = {}
        self._ended = False

    async def start(self) -> None:
        pass

    def publish(self, hints: Sequence[Hint]) -> None:
        for hint in hints:
            if hint == EVERYTHING:
                self.catch_up()
            for listener in self._listeners.get(hint.channel, ()):
                listener.add(hint)

    def publish_to_others(self, hints: Sequence[Hint]) -> None:
        pass  # there are no other processes

    def catch_up(self) -> None:
        """Send every listener the hint ``EVERYTHING``, because it may have missed hints."""
        loop = asyncio.get_running_loop()
        listeners = self._all()
        apart = min(APART, LONGEST_CATCH_UP / max(len(listeners), 1))
        for place, listener in enumerate(listeners):
            loop.call_later(place * apart, listener.add, EVERYTHING)

    @asynccontextmanager
    async def listen(self, channels: Sequence[str]) -> AsyncIterator[AsyncIterator[Sequence[Hint]]]:
        listener = _Listener()
        if self._ended:
            listener.end()
        for channel in channels:
            self._listeners.setdefault(channel, set()).add(listener)
        try:
            yield listener.batches()
        finally:
            for channel in channels:
                self._listeners[channel].discard(listener)
                if not self._listeners[channel]:
                    del self._listeners[channel]

    def end_streams(self) -> None:
        """End all listeners. A later listener ends at once. Publishing works until ``close``."""
        self._ended = True
        for listener in self._all():
            listener.end()

    async def close(self) -> None:
        self.end_streams()

    def _all(self) -> set[_Listener]:
        return {one for some in self._listeners.values() for one in some}
