"""Something that many ask for, done once a moment later for all of them."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta

from handoff_service import log
from handoff_service.errors import Refusal


class Debouncer:
    """Does ``work`` a ``moment`` after the first wish for it. A wish stands until the work has
    succeeded."""

    def __init__(self, work: Callable[[], Awaitable[object]], moment: timedelta) -> None:
        self._work = work
        self._moment = moment.total_seconds()
        self._wanted = asyncio.Event()

    def wanted(self) -> None:
        """Call on the loop. Costs next to nothing while a wish waits already."""
        self._wanted.set()

    async def run(self) -> None:
        """Fulfil wishes until cancelled. What the work raises ends this, except for a
        Refusal (the database is away), which is logged and tried again; whoever restarts it
        finds the wish still standing."""
        while True:
            await self._wanted.wait()
            await asyncio.sleep(self._moment)
            self._wanted.clear()
            try:
                await self._work()
            except Refusal as error:
                self._wanted.set()
                log.warning("wish_failed", why=error.detail)
            except BaseException:
                self._wanted.set()
                raise
