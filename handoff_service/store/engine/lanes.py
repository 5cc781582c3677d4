"""Lanes, which are the writers of the database.

A lane is a thread with one connection. It takes a batch of commands from its queue, runs them,
commits and answers their callers. It never waits to fill a batch. A set-based operation gets its
commands of a batch in one call, or in two calls if there are both requests and own work. A plain
operation gets one command in each call, and each idempotent command gets a call of its own. On
SQLite, a batch is one transaction (group commit). On PostgreSQL, each call of an operation is one
transaction.

Requests from outside run before the service's own work (``priority_queue.py``).

If a command raises an error, the lane rolls back the transaction and runs its commands again one by
one, so only the failing command fails. Running operations again is safe, because they affect only
the database.

No command takes effect twice, even if the response to a COMMIT is lost (``batches.py``). An
idempotent command stores its id and its answer in its transaction (``command_ids.py``).
"""

import asyncio
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from time import monotonic
from typing import Any

import sqlalchemy as sa

from handoff_service.clock import Clock
from handoff_service.errors import DatabaseAway, Overloaded, Refusal
from handoff_service.rules.shared.vocabulary import Work
from handoff_service.store.engine.admission import Admission, Patience, Ticket
from handoff_service.store.engine.batches import Batch, Done, Transactions
from handoff_service.store.engine.command_ids import CommandId
from handoff_service.store.engine.driver_errors import is_away, name_of
from handoff_service.store.engine.priority_queue import CommandQueue
from handoff_service.store.engine.transaction import Actor, Hint, OperationSettings
from handoff_service.store.engine.units import Waiting, units_of

MAX_BATCH = 256


type Listener = Callable[[Sequence[Hint], Mapping[Work, datetime]], None]


@dataclass(frozen=True, slots=True)
class Alone[R]:
    """An operation that needs the lane without a transaction, such as a rewrite of the database
    file."""

    run: Callable[[sa.Engine], R]


class Lane(threading.Thread):
    """One writer. If a transaction has hints or new work, the lane calls ``after_commit`` on the
    loop after the commit, with the hints and the time when work of each kind is due."""

    def __init__(
        self,
        engine: sa.Engine,
        clock: Clock,
        settings: OperationSettings,
        loop: asyncio.AbstractEventLoop,
        after_commit: Listener,
        name: str,
    ) -> None:
        super().__init__(name=name, daemon=True)
        self._engine = engine
        self._loop, self._after_commit = loop, after_commit
        # With one writer, the whole batch is one transaction. On PostgreSQL, each unit has its own
        # transaction. Otherwise one transaction would lock the rows of several operations, in an
        # order that may conflict with another lane's.
        self._is_single_writer = engine.dialect.name == "sqlite"
        self._queue: CommandQueue[Waiting] = CommandQueue(MAX_BATCH)
        self._transactions = Transactions(engine, clock, settings, self._give_up)
        self.admission = Admission(MAX_BATCH)

    def admit(self, patience: Patience) -> Ticket:
        """Return a place in the queue. Raises Overloaded if the queue is too long."""
        return self.admission.admit(patience, len(self._queue))

    def put(
        self,
        operation: Any,
        command: Any,
        *,
        ticket: Ticket | None = None,
        id: CommandId | None = None,
        by: Actor | None = None,
    ) -> asyncio.Future[Any]:
        """Queue a command. It is committed as a whole or not at all, even if its caller has
        disconnected.

        ``id``: makes the command idempotent; if it ran before, this returns the stored answer.
        ``by``: who gave the command.
        """
        answer = self._loop.create_future()
        waiting = Waiting(operation, command, answer, ticket or Ticket(), id, by)
        self._queue.put(waiting, own=waiting.is_own)
        return answer

    def stop(self) -> None:
        """Finish the queued commands, then end the thread. Blocks until then."""
        self._queue.close()
        self.join()

    def run(self) -> None:
        while taken := self._queue.take():
            began = self.admission.took()
            count = self._work(taken)
            self.admission.served(count, monotonic() - began)

    def _still_wanted(self, unit: list[Waiting]) -> list[Waiting]:
        """Return the commands whose callers still wait, except those that have waited too long in a
        long queue. Answer the others."""
        now, behind = monotonic(), len(self._queue)
        wanted: list[Waiting] = []
        for waiting in unit:
            if waiting.ticket.is_late(now):
                self._give_up(waiting)
            elif self.admission.has_waited_too_long(waiting.ticket, now, behind):
                self._answer(Done([(waiting, Overloaded())]))
            else:
                wanted.append(waiting)
        return wanted

    def _give_up(self, waiting: Waiting) -> None:
        self._answer(Done([(waiting, DatabaseAway("not reached in time"))]))

    def _work(self, taken: list[Waiting]) -> int:
        """Run a batch's commands whose callers still wait, but limit the service's own work to its
        share. Returns the number of requests from outside."""
        for waiting in [one for one in taken if isinstance(one.operation, Alone)]:
            self._run_without_transaction(waiting)
            taken.remove(waiting)
        units, count, batch = list(units_of(taken)), 0, Batch()
        for all_units in [units] if self._is_single_writer else [[u] for u in units]:
            wanted = [still for unit in all_units if (still := self._still_wanted(unit))]
            count += sum(not waiting.is_own for unit in wanted for waiting in unit)
            try:
                if wanted:
                    self._run(wanted, batch)
            # run the commands again one by one, so only the failing one gets the error
            except Exception:  # noqa: BLE001
                for waiting in batch.without_postponed(wanted):
                    self._run_alone(waiting)
        self._queue.put_back(batch.postponed)
        return count

    def _run_without_transaction(self, waiting: Waiting) -> None:
        waiting.ticket.started = True
        try:
            answer = waiting.operation.run(self._engine)
        except Exception as error:  # noqa: BLE001  # the caller gets it, and the lane goes on
            answer = error
        self._answer(Done([(waiting, answer)]))

    def _run_alone(self, waiting: Waiting) -> None:
        for is_last_try in (False, True):
            if waiting.ticket.is_late(monotonic()):
                return self._give_up(waiting)
            try:
                return self._run([[waiting]], Batch())
            except Refusal as refusal:
                return self._answer(Done([(waiting, refusal)]))
            except sa.exc.IntegrityError as error:  # another writer was faster, so retry once
                failure: Exception = error
            except sa.exc.SQLAlchemyError as error:
                failure = DatabaseAway(name_of(error)) if is_away(error) else error
            except Exception as error:  # noqa: BLE001  # the caller gets it, and the lane goes on
                failure = error
            if is_last_try:
                self._answer(Done([(waiting, failure)]))
        return None

    def _run(self, units: list[list[Waiting]], batch: Batch) -> None:
        done = self._transactions.run(units, batch)
        if done is not None:
            self._answer(done)

    def _answer(self, done: Done) -> None:
        def deliver() -> None:
            for waiting, answer in done.answers:
                if waiting.answer.done():
                    continue
                if isinstance(answer, Exception):
                    waiting.answer.set_exception(answer)
                else:
                    waiting.answer.set_result(answer)
            if done.hints or done.work_at:
                self._after_commit(done.hints, done.work_at)

        if not self._loop.is_closed():
            self._loop.call_soon_threadsafe(deliver)
