"""The store: lanes for writing, a small connection pool for reading."""

import asyncio
import copy
import itertools
from collections.abc import Callable, Collection, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from time import monotonic
from typing import Any, Concatenate, overload

import sqlalchemy as sa

from handoff_service.clock import Clock
from handoff_service.errors import DatabaseAway, OutcomeUnknown, RepeatSafely
from handoff_service.store.engine.admission import (
    LONG_REQUEST,
    OWN_WORK,
    REQUEST,
    Admission,
    Patience,
)
from handoff_service.store.engine.checkpoint import EVERY, checkpoint
from handoff_service.store.engine.command_ids import CommandId
from handoff_service.store.engine.compact import (
    Compacted,
    compact_sqlite,
    size_of,
    vacuum_postgres,
)
from handoff_service.store.engine.database import READS, WRITES, Timeouts, engine
from handoff_service.store.engine.database_copy import remove_copies
from handoff_service.store.engine.driver_errors import is_away, name_of
from handoff_service.store.engine.lanes import Alone, Lane, Listener
from handoff_service.store.engine.transaction import (
    Actor,
    OperationSettings,
    SetBased,
    Transaction,
)

READERS = 4
READS_AT_ONCE = 64  # reads that may always wait, even if the database is slow
NO_ANSWER = "no answer in time"
LANES = 2  # on PostgreSQL; more lanes split the batches and were slower on two cores


class Store:
    """Opens the database. Create and close it on a running event loop.

    This store is for the service's own work: nothing is refused, and callers wait for the answer.
    ``for_requests`` is the same store for requests from outside.
    """

    def __init__(
        self,
        url: str,
        *,
        clock: Clock,
        settings: OperationSettings,
        after_commit: Listener,
        writes: Timeouts = WRITES,
        reads: Timeouts = READS,
    ) -> None:
        self.is_sqlite, self._url = url.startswith("sqlite"), url
        lanes = 1 if self.is_sqlite else LANES
        self._writing = engine(url, size=lanes, writes=True, timeouts=writes)
        options: dict[str, Any] = {"send_errors": settings.send_errors, "sealer": settings.sealer}
        self._writing = self._writing.execution_options(**options)
        self._reading = engine(url, size=READERS, writes=False, timeouts=reads)
        self._reading = self._reading.execution_options(**options)
        self._patience = OWN_WORK
        self._reads = _Reads()
        self._readers = ThreadPoolExecutor(READERS, thread_name_prefix="reader")
        self._checkpoints = itertools.count(1)  # calls of ``checkpoint``
        self._clock, self._public_url, self.settings = clock, settings.public_url, settings
        loop = asyncio.get_running_loop()
        self._lanes = [
            Lane(self._writing, clock, settings, loop, after_commit, f"lane-{n}")
            for n in range(lanes)
        ]
        self._steps: Iterator[CommandId] | None = None
        self._by: Actor | None = None
        for lane in self._lanes:
            lane.start()

    def under(self, id: CommandId) -> "Store":
        """This store for one repeatable request: its commands are carried out once.

        Commands are identified by their order, so a repeated request must lead to the same
        commands.
        """
        made = copy.copy(self)
        made._steps = (id.step(number) for number in itertools.count(1))
        return made

    def acting(self, agent_id: int | None, address: str = "") -> "Store":
        """This store for one agent's request: histories name the agent, and the audit log the
        network address. ``agent_id`` None: nobody has signed in."""
        made = copy.copy(self)
        made._by = Actor(agent_id, address)
        return made

    def for_requests(self, patience: Patience = REQUEST) -> "Store":
        """This store for requests. It raises Overloaded at once when too many requests wait, and
        DatabaseAway when no answer comes in time.

        A command that is given up while it is queued is never carried out. A command that is
        already running may still take effect.
        """
        return self._with(patience)

    def for_long_requests(self) -> "Store":
        """Like ``for_requests``, for requests that take long by nature: an import, a dry run."""
        return self._with(LONG_REQUEST)

    def for_own_work(self) -> "Store":
        """This store for work that nobody outside can repeat."""
        return self._with(OWN_WORK)

    def _with(self, patience: Patience) -> "Store":
        made = copy.copy(self)
        made._patience = patience
        return made

    @overload
    async def write[C, R](
        self, operation: SetBased[C, R], command: C, *, near: object = None
    ) -> R: ...
    @overload
    async def write[C, R](
        self, operation: Callable[[Transaction, C], R], command: C, *, near: object = None
    ) -> R: ...
    async def write[C, R](
        self,
        operation: SetBased[C, R] | Callable[[Transaction, C], R],
        command: C,
        *,
        near: object = None,
    ) -> R:
        """Carry out a command and return its answer after the commit.

        ``near`` names the command's subject: commands with the same subject share a lane.
        Correctness depends on row locks, not on lanes. Canceling the caller does not cancel the
        command.
        """
        lane = self._lanes[hash(near) % len(self._lanes)]
        ticket = lane.admit(self._patience)
        id = next(self._steps) if self._steps is not None else None
        try:
            async with asyncio.timeout(self._patience.seconds):
                answer: R = await lane.put(operation, command, ticket=ticket, id=id, by=self._by)
        except TimeoutError as error:
            if not ticket.started:
                raise DatabaseAway(NO_ANSWER) from error
            unknown = OutcomeUnknown if id is None else RepeatSafely
            raise unknown(NO_ANSWER) from error
        return answer

    async def compact(self, tables: Collection[str]) -> Compacted:
        """Rewrite the database without deleted bytes: see ``compact.py``. Copies that migrations
        made of SQLite's file are deleted. ``tables``: the tables that PostgreSQL cleans."""
        if self.is_sqlite:
            answer: Compacted = await self._lanes[0].put(Alone(compact_sqlite), None)
            await asyncio.to_thread(remove_copies, Path(self._writing.url.database or ""))
            return answer
        return await asyncio.to_thread(vacuum_postgres, self._url, tables)

    async def checkpoint(self) -> None:
        """Let a reading connection copy SQLite's WAL into the file at each fourth call. Long work
        calls this after each of its transactions: see ``checkpoint.py``."""
        if self.is_sqlite and next(self._checkpoints) % EVERY == 0:
            loop = asyncio.get_running_loop()
            await loop.run_in_executor(self._readers, checkpoint, self._reading)

    def size(self) -> int:
        """Bytes of SQLite's file; 0 for PostgreSQL. Blocks."""
        return size_of(self._writing.url)

    def admit_early(self, under_way: int) -> None:
        """Raise Overloaded now for a command that a lane would refuse, or would drop after a wait.
        ``under_way``: the number of commands that are, or will be, in the lanes before it."""
        lane = self._lanes[0]  # all lanes are about equally long
        lane.admission.admit(REQUEST, under_way // len(self._lanes))

    async def read[**P, R](
        self, query: Callable[Concatenate[sa.Connection, P], R], *args: P.args, **kwargs: P.kwargs
    ) -> R:
        """Run a query on its own connection, in one transaction, at the current time."""

        def run() -> R:
            began = self._reads.admission.took()
            try:
                with self._reading.connect() as conn:
                    with_options = conn.execution_options(
                        now=self._clock(),
                        public_url=self._public_url,
                        sealer=self.settings.sealer,
                    )
                    return query(with_options, *args, **kwargs)
            except sa.exc.SQLAlchemyError as error:
                if is_away(error):
                    raise DatabaseAway(name_of(error)) from error
                raise
            finally:
                self._reads.admission.served(1, monotonic() - began)

        self._reads.admission.admit(self._patience, self._reads.waiting)
        self._reads.waiting += 1
        try:
            # a read that has not started within the time never starts
            async with asyncio.timeout(self._patience.seconds):
                return await asyncio.get_running_loop().run_in_executor(self._readers, run)
        except TimeoutError as error:
            raise DatabaseAway(NO_ANSWER) from error
        finally:
            self._reads.waiting -= 1

    def close(self) -> None:
        """Finish the lanes' commands, then close the database."""
        for lane in self._lanes:
            lane.stop()
        self._readers.shutdown()
        self._writing.dispose()
        self._reading.dispose()


class _Reads:
    """The readers' queue, from the event loop's side."""

    def __init__(self) -> None:
        self.admission = Admission(READS_AT_ONCE, workers=READERS, least_counted=1)
        self.waiting = 0
