"""Nudges between processes: any process may do the work that one process has scheduled.

The process that commits work nudges its own workers. Through the fan-out it also asks the other
processes to look, a moment later, so that its own workers come first. They look once for all
their workers, and wake only those with work to claim. If a nudge is lost, the work waits for at
most the longest sleep of a worker.
"""

import asyncio
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import datetime

from handoff_service.clock import Clock
from handoff_service.errors import Unavailable
from handoff_service.ports.fanout import Fanout
from handoff_service.store.engine import claiming
from handoff_service.store.engine.store import Store
from handoff_service.store.engine.transaction import Hint
from handoff_service.worker import LONGEST_SLEEP, Worker

HEAD_START = 0.03  # seconds before other processes are nudged; commits within them share one nudge
WORK_IS_DUE = Hint("work")


class WorkerNudges:
    """Nudges the other processes' workers, and this process's when another one asks.

    ``fanout`` is a function, because the fan-out is made after the store that needs this.
    """

    def __init__(
        self,
        store: Callable[[], Store],
        fanout: Callable[[], Fanout],
        clock: Clock,
        workers: Sequence[Worker],
    ) -> None:
        self._store, self._fanout, self._clock, self._workers = store, fanout, clock, workers
        self._announcing: asyncio.TimerHandle | None = None

    def nudge(self, at: datetime) -> None:
        """There is work at this time. Call on the loop."""
        for worker in self._workers:
            worker.nudge(at)
        # the others find later work by themselves
        if self._announcing is None and at <= self._clock() + LONGEST_SLEEP:
            loop = asyncio.get_running_loop()
            self._announcing = loop.call_later(HEAD_START, self._announce)

    def flush(self) -> None:
        """Send the nudge that waits, because this process stops."""
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
                with suppress(Unavailable):  # the workers notice when the database is back
                    await self._look()
        await asyncio.Event().wait()  # the process is stopping, and cancels this task

    async def _look(self) -> None:
        """Nudge the workers that have something to claim."""
        found = await self._store().read(claiming.soon, self._clock() + LONGEST_SLEEP)
        for worker in self._workers:
            if moments := [at for kind, at in found.items() if kind in worker.kinds]:
                worker.nudge(min(moments))
