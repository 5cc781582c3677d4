"""Debounce: run an action once, a moment after the first of many triggers."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta

from handoff_service import log
from handoff_service.errors import Refusal


class Debouncer:
    """Runs ``work`` a ``moment`` after the first trigger. A trigger stays pending until the work
    has succeeded."""

    def __init__(self, work: Callable[[], Awaitable[object]], moment: timedelta) -> None:
        self._work = work
        self._moment = moment.total_seconds()
        self._wanted = asyncio.Event()

    def trigger(self) -> None:
        """Request a run. Call this on the event loop. While a run is pending, another call costs
        almost nothing."""
        self._wanted.set()

    async def run(self) -> None:
        """Process triggers until canceled. A Refusal (for example, the database is unavailable) is
        logged, and the work is retried. Any other error is raised. The trigger then stays pending
        for the next ``run``."""
        while True:
            await self._wanted.wait()
            await asyncio.sleep(self._moment)
            self._wanted.clear()
            try:
                await self._work()
            except Refusal as error:
                self._wanted.set()
                log.warning("debounced_work_failed", why=error.detail)
            except BaseException:
                self._wanted.set()
                raise
