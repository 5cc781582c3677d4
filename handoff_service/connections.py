"""Which agents have an event stream open in this process, told to the database every few seconds."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from handoff_service import log
from handoff_service.errors import Refusal
from handoff_service.operations.connection import Connected, still_connected
from handoff_service.store.store import Store

EVERY = 10.0  # seconds; well below the shortest grace time


class Connections:
    """Counts streams by agent."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._open: Counter[int] = Counter()

    @asynccontextmanager
    async def hold(self, agent_id: int) -> AsyncIterator[None]:
        """The agent is connected for as long as the block lasts."""
        self._open[agent_id] += 1
        try:
            await self._tell([agent_id])
            yield
        finally:
            self._open[agent_id] -= 1

    async def run(self) -> None:
        """Tell who is connected, until cancelled."""
        while True:
            await asyncio.sleep(EVERY)
            await self._tell([agent_id for agent_id, count in self._open.items() if count > 0])

    async def _tell(self, agent_ids: list[int]) -> None:
        if not agent_ids:
            return
        try:
            await self._store.write(still_connected, Connected(agent_ids))
        except Refusal as error:  # the database is away; the next time does it
            log.trouble("connections_not_told", error=error)
