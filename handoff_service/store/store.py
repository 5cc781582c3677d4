"""The store: lanes to write, a small pool to read."""

import asyncio
import copy
import itertools
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Concatenate, overload

import sqlalchemy as sa

from handoff_service.clock import Clock
from handoff_service.errors import DatabaseAway
from handoff_service.store.command_ids import CommandId
from handoff_service.store.database import engine
from handoff_service.store.lanes import Lane, SetBased, Terms, Told, Transaction

READERS = 4
LANES = 2  # on PostgreSQL: more split the batches, and were slower on two cores


class Store:
    """Opens the database. Must be made and closed on a running event loop."""

    def __init__(self, url: str, *, clock: Clock, terms: Terms, told: Told) -> None:
        self.is_sqlite = url.startswith("sqlite")
        lanes = 1 if self.is_sqlite else LANES
        self._writing = engine(url, size=lanes, writes=True)
        self._reading = engine(url, size=READERS, writes=False)
        self._readers = ThreadPoolExecutor(READERS, thread_name_prefix="reader")
        self._clock, self._public_url = clock, terms.public_url
        loop = asyncio.get_running_loop()
        self._lanes = [Lane(self._writing, clock, terms, loop, told, f"lane-{n}") for n in range(lanes)]
        self._steps: Iterator[CommandId] | None = None
        for lane in self._lanes:
            lane.start()

    def under(self, id: CommandId) -> "Store":
        """This store for one request that its sender may repeat: its commands are carried out once.

        They are told apart by their order, so a request must lead to the same commands when it is repeated.
        """
        made = copy.copy(self)
        made._steps = (id.step(number) for number in itertools.count(1))
        return made

    @overload
    async def write[C, R](self, operation: SetBased[C, R], command: C, *, near: object = None) -> R: ...
    @overload
    async def write[C, R](self, operation: Callable[[Transaction, C], R], command: C, *, near: object = None) -> R: ...
    async def write[C, R](
        self,
        operation: SetBased[C, R] | Callable[[Transaction, C], R],
        command: C,
        *,
        near: object = None,
    ) -> R:
        """Carry out a command and return its answer after the commit.

        ``near`` names what the command is about, so that commands about the same thing share a lane. Locks on rows,
        not lanes, keep them apart. Cancelling the caller does not cancel the command.
        """
        id = next(self._steps) if self._steps is not None else None
        answer: R = await self._lanes[hash(near) % len(self._lanes)].put(operation, command, id)
        return answer

    async def read[**P, R](
        self, query: Callable[Concatenate[sa.Connection, P], R], *args: P.args, **kwargs: P.kwargs
    ) -> R:
        """Run a query on a connection of its own, in one transaction, at this moment of the clock."""

        def run() -> R:
            try:
                with self._reading.connect() as conn:
                    shown = conn.execution_options(now=self._clock(), public_url=self._public_url)
                    return query(shown, *args, **kwargs)
            except sa.exc.OperationalError as error:
                raise DatabaseAway(type(error.orig).__name__) from error

        return await asyncio.get_running_loop().run_in_executor(self._readers, run)

    def close(self) -> None:
        """Finish what is in the lanes, then let go of the database."""
        for lane in self._lanes:
            lane.stop()
        self._readers.shutdown()
        self._writing.dispose()
        self._reading.dispose()
