"""Something that many ask for, done once a moment later for all of them."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta

from handoff_service import log


class Soon:
    """Does ``work`` a ``moment`` after the first wish for it. When it fails, that is logged and it is tried again."""

    def __init__(self, work: Callable[[], Awaitable[object]], moment: timedelta) -> None:
        self._work = work
        self._moment = moment.total_seconds()
        self._task: asyncio.Task[None] | None = None

    def wanted(self) -> None:
        """Call on the loop. Costs next to nothing while a wish waits already."""
        if self._task is None:
            self._task = asyncio.create_task(self._later())

    def close(self) -> None:
        """Forget what waits."""
        if self._task is not None:
            self._task.cancel()

    async def _later(self) -> None:
        await asyncio.sleep(self._moment)
        self._task = None
        try:
            await self._work()
        except Exception as error:  # noqa: BLE001  # whoever asked is gone; it is tried again
            log.trouble("wish_failed", error=error)
            self.wanted()
