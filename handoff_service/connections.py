"""Counts the open event streams of agents in this process, and notices gaps in the process's work.

The desk checks both before it sets an agent to Away. A gap is a time in which connected agents may
look disconnected: the database or Redis was unavailable, the process stalled, or the clock changed.
After a gap, every agent gets the full grace time to reconnect.
"""

import asyncio
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from datetime import timedelta

from handoff_service import log
from handoff_service.clock import Clock
from handoff_service.errors import Unavailable
from handoff_service.operations.routing.connection import (
    EVERY,
    Connected,
    Gap,
    after_gap,
    still_connected,
)
from handoff_service.store.engine.store import Store

TICK = 1.0  # seconds
LATE = 5.0  # seconds; a tick that is later than this, or a larger jump of the clock, is a gap


class Connections:
    """Counts streams by agent, reports this process's agents to the database, and notices gaps.

    After a gap, it calls ``caught_up``, because hints may be lost.
    """

    def __init__(
        self,
        store: Store,
        clock: Clock,
        caught_up: Callable[[], None] = lambda: None,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._store, self._clock, self._caught_up, self._monotonic = (
            store,
            clock,
            caught_up,
            monotonic,
        )
        self._open: Counter[int] = Counter()
        self._left: set[int] = set()
        self._missed = False  # whether there was a gap whose end has not been handled yet
        self._stepped = False
        self._steady_since = self._reported_at = monotonic()
        self._seen = monotonic(), clock()

    @asynccontextmanager
    async def hold(self, agent_id: int) -> AsyncIterator[None]:
        """Count the agent as connected until the block ends. The agent's first stream ends an Away
        that the desk has set."""
        self._open[agent_id] += 1
        self._left.discard(agent_id)
        try:
            arrived = [agent_id] if self._open[agent_id] == 1 else []
            with suppress(Exception):  # the next tick reports the agent
                await self._record(Connected(held=[agent_id], arrived=arrived))
            yield
        finally:
            self._open[agent_id] -= 1
            if not self._open[agent_id]:
                del self._open[agent_id]
                self._left.add(agent_id)

    def holds(self, agent_id: int) -> bool:
        """Whether the agent has an event stream open in this process."""
        return agent_id in self._open

    def steady_for(self) -> timedelta:
        """How long this process has worked without a gap."""
        if self._missed or self._jumped():
            return timedelta(0)
        return timedelta(seconds=self._monotonic() - self._steady_since)

    def gap(self) -> None:
        """Record a gap, because the database or Redis was unavailable. Call it on the event
        loop."""
        self._missed = True

    async def run(self) -> None:
        """Call ``tick`` every second until canceled."""
        while True:
            await asyncio.sleep(TICK)
            await self.tick()

    async def tick(self) -> None:
        """After a gap, record its end as soon as the database is available. Without a gap, report
        this process's agents to the database if the last report is ``EVERY`` ago or an agent has
        closed their last stream."""
        if self._jumped():
            self._missed = True
        self._stepped |= self._clock_stepped()
        self._seen = self._monotonic(), self._clock()
        if self._missed:
            await self._end_gap()
        elif self._left or self._monotonic() - self._reported_at >= EVERY.total_seconds():
            left, self._left = self._left, set()
            self._reported_at = self._monotonic()
            await self._record(Connected(held=list(self._open), left=left - self._open.keys()))

    async def _end_gap(self) -> None:
        gap = Gap(held=list(self._open), clock_changed=self._stepped)
        try:
            await self._store.write(after_gap, gap)
        except Unavailable as error:
            self._note_failure(error)
            return
        self._missed = False
        self._steady_since = self._reported_at = self._monotonic()
        self._left.clear()
        log.info("gap_ended", agents=len(gap.held), clock_changed=gap.clock_changed or None)
        self._stepped = False
        self._caught_up()

    async def _record(self, command: Connected) -> None:
        try:
            await self._store.write(still_connected, command)
        except Unavailable as error:
            self._note_failure(error)
        except Exception:
            self._missed = True
            raise

    def _note_failure(self, error: Exception) -> None:
        if not self._missed:
            log.warning("connections_not_reported", why=type(error).__name__)
        self._missed = True

    def _jumped(self) -> bool:
        return self._monotonic() - self._seen[0] > TICK + LATE or self._clock_stepped()

    def _clock_stepped(self) -> bool:
        passed = self._monotonic() - self._seen[0]
        return abs((self._clock() - self._seen[1]).total_seconds() - passed) > LATE
