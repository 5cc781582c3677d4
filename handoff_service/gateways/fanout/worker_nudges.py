"""Nudges between processes. Any process may do work that another process has scheduled.

The process that commits work nudges its own workers first. A moment later, it asks the other
processes through the fan-out to look for work. Each of them runs one query for all its workers, and
wakes only the workers with something to claim. If a nudge is lost, the work waits at most for a
worker's longest sleep.
"""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from datetime import datetime

from handoff_service.clock import Clock
from handoff_service.errors import Unavailable
from handoff_service.ports.fanout import Fanout
from handoff_service.rules.shared.vocabulary import Work
from handoff_service.store.engine import claiming
from handoff_service.store.engine.store import Store
from handoff_service.store.engine.transaction import Hint
from handoff_service.worker import LONGEST_SLEEP, Worker, nudge_workers

HEAD_START = 0.03  # seconds until other processes get a nudge, one for all commits in this time
WORK_IS_DUE = Hint("work")


class WorkerNudges:
    """Nudges the workers of other processes, and passes nudges from other processes to this
    process's workers.

    ``store`` and ``fanout`` are functions, because the store needs this object, and the fan-out is
    created after the store."""

    def __init__(
        self,
        store: Callable[[], Store],
        fanout: Callable[[], Fanout],
        clock: Clock,
        workers: Sequence[Worker],
    ) -> None:
        self._store, self._fanout, self._clock, self._workers = store, fanout, clock, workers
        self._announcing: asyncio.TimerHandle | None = None

    def nudge(self, work_at: Mapping[Work, datetime]) -> None:
        """Nudge this process's workers, and schedule a nudge to the other processes. ``work_at``:
        kind of work -> when it is due. Call this on the event loop."""
        if not work_at:
            return
        nudge_workers(self._workers, work_at)
        # the other processes find later work without a nudge
        soonest = min(work_at.values())
        if self._announcing is None and soonest <= self._clock() + LONGEST_SLEEP:
            loop = asyncio.get_running_loop()
            self._announcing = loop.call_later(HEAD_START, self._announce)

    def flush(self) -> None:
        """Send a waiting nudge now, because this process is stopping."""
        if self._announcing is not None:
            self._announcing.cancel()
            self._announce()

    def _announce(self) -> None:
        self._announcing = None
        self._fanout().publish_to_others([WORK_IS_DUE])

    async def run(self) -> None:
        """Look for work whenever another process asks, until the fan-out ends."""
        async with self._fanout().listen([WORK_IS_DUE.channel]) as asked:
            async for _ in asked:
                # while the database is unavailable, the workers poll for its return themselves
                with suppress(Unavailable):
                    await self._look()
        await asyncio.Event().wait()  # the process is stopping, and cancels this task

    async def _look(self) -> None:
        """Nudge the workers that have something to claim."""
        found = await self._store().read(claiming.soon, self._clock() + LONGEST_SLEEP)
        nudge_workers(self._workers, found)
