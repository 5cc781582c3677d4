"""The port that carries hints (which records have changed) to every process."""

from collections.abc import AsyncIterator, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Protocol

from handoff_service.store.engine.transaction import Hint


class Fanout(Protocol):
    """Carries hints to every process. At the start, and when hints may have been lost, every
    listener gets ``EVERYTHING``. The listener then reads everything that it shows from the
    database."""

    async def start(self) -> None: ...

    def publish(self, hints: Sequence[Hint]) -> None:
        """Publish hints. Never blocks and never raises."""

    def publish_to_others(self, hints: Sequence[Hint]) -> None:
        """The same, but only to listeners in other processes."""

    def catch_up(self) -> None:
        """Send ``EVERYTHING`` to every listener in this process, because hints may have been
        lost."""

    def listen(
        self, channels: Sequence[str]
    ) -> AbstractAsyncContextManager[AsyncIterator[Sequence[Hint]]]:
        """The hints on these channels from now on. If a listener is slow, its hints are merged, not
        queued."""

    def end_streams(self) -> None:
        """End all present and future listeners, because this process stops. Publishing works until
        ``close``."""

    async def close(self) -> None: ...
