"""The store has lanes for writing and a small connection pool for reading."""

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
from handoff_service.store.engine.driver_errors import is_away, name_of, with_new_connection
from handoff_service.store.engine.grouped_reads import ByKeys, GroupedReads
from handoff_service.store.engine.lanes import Alone, Lane, Listener
from handoff_service.store.engine.transaction import (
    Actor,
    OperationSettings,
    SetBased,
    Transaction,
)

READERS = 4
READS_AT_ONCE = 64  # a queue of this many reads refuses nobody, even if the database is slow
NO_ANSWER = "no answer in time"
LANES = 2  # on PostgreSQL; more lanes split the batches, which was slower on two cores


class Store:
    """Opens the database. Create and close it on a running event loop.

    A new store is for the service's own work: it refuses nothing, and callers wait for the answer.
    ``for_requests`` returns the same store for requests from outside.
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
        self._grouped_reads = GroupedReads(self.for_requests().read)
        for lane in self._lanes:
            lane.start()

    def under(self, id: CommandId) -> "Store":
        """Return this store for one idempotent request. Each of its commands runs only once.

        The order identifies the commands, so a repeated request must give the same commands in the
        same order.
        """
        copied = copy.copy(self)
        copied._steps = (id.step(number) for number in itertools.count(1))
        return copied

    def acting(self, agent_id: int | None, address: str = "") -> "Store":
        """Return this store for one agent's request. Histories record the agent, and the audit log
        also records the network address. ``agent_id`` None: nobody has signed in."""
        copied = copy.copy(self)
        copied._by = Actor(agent_id, address)
        return copied

    def for_requests(self, patience: Patience = REQUEST) -> "Store":
        """Return this store for requests from outside. It raises Overloaded if too many requests
        wait, and DatabaseAway if there is no answer in time.

        A command that times out in the queue never runs. A command that is already running may
        still take effect, so its error is OutcomeUnknown or RepeatSafely, which are kinds of
        DatabaseAway.
        """
        return self._with(patience)

    def for_long_requests(self) -> "Store":
        """Like ``for_requests``, for requests that take long, such as an import or a dry run."""
        return self._with(LONG_REQUEST)

    def for_own_work(self) -> "Store":
        """Return this store for the service's own work, which is never refused."""
        return self._with(OWN_WORK)

    def _with(self, patience: Patience) -> "Store":
        copied = copy.copy(self)
        copied._patience = patience
        return copied

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
        """Run a command and return its answer after the commit.

        ``near``: the command's subject. Commands with the same subject share a lane, but
        correctness depends on row locks, not on lanes. Canceling the caller does not cancel the
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
        """Remove the bytes of deleted rows: see ``compact.py``. This also deletes the
        copies of SQLite's file that migrations made. ``tables``: the tables that PostgreSQL
        vacuums."""
        if self.is_sqlite:
            answer: Compacted = await self._lanes[0].put(Alone(compact_sqlite), None)
            await asyncio.to_thread(remove_copies, Path(self._writing.url.database or ""))
            return answer
        return await asyncio.to_thread(vacuum_postgres, self._url, tables)

    async def checkpoint(self) -> None:
        """Copy SQLite's WAL into the file, on every fourth call. Long work calls this after each of
        its transactions: see ``checkpoint.py``."""
        if self.is_sqlite and next(self._checkpoints) % EVERY == 0:
            loop = asyncio.get_running_loop()
            await loop.run_in_executor(self._readers, checkpoint, self._reading)

    def size(self) -> int:
        """Return the size of SQLite's file in bytes; 0 for PostgreSQL. This blocks."""
        return size_of(self._writing.url)

    def admit_early(self, under_way: int) -> None:
        """Raise Overloaded now if a lane would later refuse or drop a command. ``under_way``: how
        many commands are, or will be, ahead of it in the lanes."""
        lane = self._lanes[0]  # the queues of all lanes are about equally long
        lane.admission.admit(REQUEST, under_way // len(self._lanes))

    async def read[**P, R](
        self, query: Callable[Concatenate[sa.Connection, P], R], *args: P.args, **kwargs: P.kwargs
    ) -> R:
        """Run a query on its own connection, at the current time. On SQLite, all its statements see
        the database as it was at the beginning."""

        def read_once() -> R:
            with self._reading.connect() as conn:
                with_options = conn.execution_options(
                    now=self._clock(),
                    public_url=self._public_url,
                    sealer=self.settings.sealer,
                )
                return query(with_options, *args, **kwargs)

        def run() -> R:
            began = self._reads.admission.took()
            try:
                return with_new_connection(read_once)
            except sa.exc.SQLAlchemyError as error:
                if is_away(error):
                    raise DatabaseAway(name_of(error)) from error
                raise
            finally:
                self._reads.admission.served(1, monotonic() - began)

        self._reads.admission.admit(self._patience, self._reads.waiting)
        self._reads.waiting += 1
        try:
            # on a timeout, a read that has not started never starts
            async with asyncio.timeout(self._patience.seconds):
                return await asyncio.get_running_loop().run_in_executor(self._readers, run)
        except TimeoutError as error:
            raise DatabaseAway(NO_ANSWER) from error
        finally:
            self._reads.waiting -= 1

    async def read_by_key[K, R](self, query: ByKeys[K, R], key: K) -> R | None:
        """Return the value of this key, or None. Reads of the same query that wait at the same time
        share a transaction: see ``grouped_reads.py``."""
        return await self._grouped_reads.of(query).get(key)

    def close(self) -> None:
        """Finish the lanes' commands, then close the database."""
        for lane in self._lanes:
            lane.stop()
        self._readers.shutdown()
        self._writing.dispose()
        self._reading.dispose()


class _Reads:
    """The queue of reads, as the event loop sees it."""

    def __init__(self) -> None:
        self.admission = Admission(READS_AT_ONCE, workers=READERS, least_counted=1)
        self.waiting = 0
