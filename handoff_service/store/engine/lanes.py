"""Lanes: the writers of the database.

A lane is a thread with one connection. It takes everything in its queue, runs it, commits once and
answers all callers (group commit). It never waits to fill a batch. A set-based operation gets all
queued commands of its kind at once; a plain one gets one command at a time.

Requests from outside run before the service's own work (``priority_queue.py``).

If a command raises an error, the transaction is rolled back and all commands run again one by one,
so only the failing one fails. Operations affect only the database, so running them again is safe.

Nothing is applied twice, even when the answer to a COMMIT is lost (``batches.py``). A repeatable
command stores its id with its effect and answer (``command_ids.py``).
"""

import asyncio
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from time import monotonic
from typing import Any

import sqlalchemy as sa

from handoff_service.clock import Clock
from handoff_service.errors import DatabaseAway, Overloaded, Refusal
from handoff_service.store.engine.admission import Admission, Patience, Ticket
from handoff_service.store.engine.batches import Batch, Done, Transactions
from handoff_service.store.engine.command_ids import CommandId
from handoff_service.store.engine.driver_errors import is_away, name_of
from handoff_service.store.engine.priority_queue import CommandQueue
from handoff_service.store.engine.transaction import Actor, Hint, OperationSettings
from handoff_service.store.engine.units import Waiting, units_of

MOST_AT_ONCE = 256


type Listener = Callable[[Sequence[Hint], datetime | None], None]


@dataclass(frozen=True, slots=True)
class Alone[R]:
    """An operation that needs the lane's database without a transaction, such as a rewrite of the
    file."""

    run: Callable[[sa.Engine], R]


class Lane(threading.Thread):
    """One writer. ``after_commit`` is called on the loop after each commit, with the hints and the
    time when new work is due."""

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
        # With one writer, the whole batch is one transaction. On PostgreSQL each unit has its own,
        # so that no transaction locks the rows of several operations in an order that conflicts
        # with another lane's.
        self._together = engine.dialect.name == "sqlite"
        self._queue: CommandQueue[Waiting] = CommandQueue(MOST_AT_ONCE)
        self._transactions = Transactions(engine, clock, settings, self._give_up)
        self.admission = Admission(MOST_AT_ONCE)

    def admit(self, patience: Patience) -> Ticket:
        """A place in the queue. Overloaded when it is too long."""
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
        """Queue a command. A command in a lane is committed as a whole or not at all, even when its
        caller has gone.

        With an ``id``, a command that was carried out before returns its stored answer and is not
        carried out again. ``by``: who gave the command.
        """
        answer = self._loop.create_future()
        waiting = Waiting(operation, command, answer, ticket or Ticket(), id, by)
        self._queue.put(waiting, own=waiting.is_own)
        return answer

    def stop(self) -> None:
        """Finish the queued commands, then end. Blocks until then."""
        self._queue.close()
        self.join()

    def run(self) -> None:
        while taken := self._queue.take():
            began = self.admission.took()
            count = self._work(taken)
            self.admission.served(count, monotonic() - began)

    def _still_wanted(self, unit: list[Waiting]) -> list[Waiting]:
        """The unit without commands that nobody waits for, or that came too late in a long
        queue."""
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
        """Carry out a batch's wanted commands, but no more own work than its share. Returns how
        many requests there were."""
        for waiting in [one for one in taken if isinstance(one.operation, Alone)]:
            self._run_without_transaction(waiting)
            taken.remove(waiting)
        units, count, batch = list(units_of(taken)), 0, Batch()
        for all_units in [units] if self._together else [[u] for u in units]:
            wanted = [still for unit in all_units if (still := self._still_wanted(unit))]
            count += sum(not waiting.is_own for unit in wanted for waiting in unit)
            try:
                if wanted:
                    self._run(wanted, batch)
            # the commands run again one by one, so only the failing one gets the error
            except Exception:  # noqa: BLE001
                for waiting in batch.without_postponed(wanted):
                    self._run_alone(waiting)
        self._queue.put_back(batch.postponed)
        return count

    def _run_without_transaction(self, waiting: Waiting) -> None:
        waiting.ticket.started = True
        try:
            answer = waiting.operation.run(self._engine)
        except Exception as error:  # noqa: BLE001  # belongs to the waiter, not to the lane
            answer = error
        self._answer(Done([(waiting, answer)]))

    def _run_alone(self, waiting: Waiting) -> None:
        for last_try in (False, True):
            if waiting.ticket.is_late(monotonic()):
                return self._give_up(waiting)
            try:
                return self._run([[waiting]], Batch())
            except Refusal as refusal:
                return self._answer(Done([(waiting, refusal)]))
            except sa.exc.IntegrityError as error:  # another writer was faster: try once more
                failure: Exception = error
            except sa.exc.SQLAlchemyError as error:
                failure = DatabaseAway(name_of(error)) if is_away(error) else error
            except Exception as error:  # noqa: BLE001  # belongs to the waiter, not to the lane
                failure = error
            if last_try:
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
