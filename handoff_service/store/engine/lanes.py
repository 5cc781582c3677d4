"""Lanes: the writers of the database.

A lane is a thread with one connection. It takes everything in its queue, runs it, commits once and
answers all callers (group commit). It never waits to fill a batch. A set-based operation gets all
queued commands of its kind at once; a plain one gets one command at a time.

Requests from outside run before the service's own work (``priority_queue.py``).

If a command raises an error, the transaction is rolled back and all commands run again one by one,
so only the failing one fails. Operations affect only the database, so running them again is safe.

Nothing is applied twice. Each transaction stores a number with its effect: when the answer to a
COMMIT is lost, the lane looks for the number before it runs anything again (``commit_numbers.py``).
A repeatable command stores its id with its effect and answer (``command_ids.py``).
"""

import asyncio
import threading
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from time import monotonic
from typing import Any

import sqlalchemy as sa

from handoff_service.clock import Clock
from handoff_service.errors import DatabaseAway, OutcomeUnknown, Overloaded, Refusal, RepeatSafely
from handoff_service.store.engine.admission import Admission, Patience, Ticket
from handoff_service.store.engine.command_ids import CommandId
from handoff_service.store.engine.commit_numbers import CommitNumbers
from handoff_service.store.engine.driver_errors import is_away, name_of
from handoff_service.store.engine.priority_queue import CommandQueue, OwnShare
from handoff_service.store.engine.transaction import Actor, Hint, OperationSettings, Transaction
from handoff_service.store.engine.units import Waiting, carry_out, units_of

MOST_AT_ONCE = 256


type Listener = Callable[[Sequence[Hint], datetime | None], None]


@dataclass(frozen=True, slots=True)
class Alone[R]:
    """An operation that needs the lane's database without a transaction, such as a rewrite of the
    file."""

    run: Callable[[sa.Engine], R]


@dataclass(frozen=True, slots=True)
class _Done:
    """The result of a transaction: an answer for each command, and the actions after the commit."""

    answers: list[tuple[Waiting, Any]]
    hints: list[Hint] = field(default_factory=list)
    work_at: datetime | None = None


class _CommitAnswerLost(Exception):
    """The database was asked to commit, and its answer was lost."""

    def __init__(self, number: int, done: _Done, error: sa.exc.DBAPIError) -> None:
        self.number, self.done, self.error = number, done, error
        super().__init__(number)


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
        self._engine, self._clock, self._settings = engine, clock, settings
        self._loop, self._after_commit = loop, after_commit
        # With one writer, the whole batch is one transaction. On PostgreSQL each unit has its own,
        # so that no transaction locks the rows of several operations in an order that conflicts
        # with another lane's.
        self._together = engine.dialect.name == "sqlite"
        self._queue: CommandQueue[Waiting] = CommandQueue(MOST_AT_ONCE)
        self._numbers = CommitNumbers(engine)
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
                self._answer(_Done([(waiting, Overloaded())]))
            else:
                wanted.append(waiting)
        return wanted

    def _begin_those_wanted(self, unit: list[Waiting]) -> list[Waiting]:
        """Mark the commands as started and return them, without the commands of callers who have
        given up. A started command can no longer be withdrawn."""
        for waiting in unit:
            waiting.ticket.started = True  # before the clock is read, see Store.write
        now = monotonic()
        for waiting in unit:
            if waiting.ticket.is_late(now):
                self._give_up(waiting)
        return [waiting for waiting in unit if not waiting.ticket.is_late(now)]

    def _give_up(self, waiting: Waiting) -> None:
        self._answer(_Done([(waiting, DatabaseAway("not reached in time"))]))

    def _work(self, taken: list[Waiting]) -> int:
        """Carry out a batch's wanted commands, but no more own work than its share. Returns how
        many requests there were."""
        for waiting in [one for one in taken if isinstance(one.operation, Alone)]:
            self._run_without_transaction(waiting)
            taken.remove(waiting)
        units, count, batch = list(units_of(taken)), 0, _Batch()
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
        self._answer(_Done([(waiting, answer)]))

    def _run_alone(self, waiting: Waiting) -> None:
        for last_try in (False, True):
            if waiting.ticket.is_late(monotonic()):
                return self._give_up(waiting)
            try:
                return self._run([[waiting]], _Batch())
            except Refusal as refusal:
                return self._answer(_Done([(waiting, refusal)]))
            except sa.exc.IntegrityError as error:  # another writer was faster: try once more
                failure: Exception = error
            except sa.exc.SQLAlchemyError as error:
                failure = DatabaseAway(name_of(error)) if is_away(error) else error
            except Exception as error:  # noqa: BLE001  # belongs to the waiter, not to the lane
                failure = error
            if last_try:
                self._answer(_Done([(waiting, failure)]))
        return None

    def _run(self, units: list[list[Waiting]], batch: "_Batch") -> None:
        """Run units in one transaction, except units that the batch postpones. On any error it
        raises, with nothing done.
        """
        if len(units) == 1 and batch.postpones(units[0]):
            return
        try:
            done = self._transact(units, batch)
        except _CommitAnswerLost as lost:
            committed = self._numbers.was_committed(lost.number)
            if committed is False:
                raise lost.error from lost
            done = (
                lost.done if committed else _Done([(w, _unknown(w)) for w, _ in lost.done.answers])
            )
        self._answer(done)

    def _transact(self, units: list[list[Waiting]], batch: "_Batch") -> _Done:
        now = self._clock()
        number = self._numbers.next(now)
        with self._engine.connect() as conn:
            transaction = conn.begin()  # rolled back with the connection unless it is committed
            # the wait for the database's write lock may have been long
            units = [started for unit in units if (started := self._begin_those_wanted(unit))]
            tx = Transaction(conn=conn, now=now, settings=self._settings)
            self._numbers.store(conn, number, now)
            answers = [
                pair
                for unit in units
                if len(units) == 1 or not batch.postpones(unit)
                for pair in zip(unit, carry_out(tx, unit), strict=True)
            ]
            tx.finish()
            done = _Done(answers, tx.hints, tx.work_at)
            try:
                transaction.commit()
            except sa.exc.DBAPIError as error:
                raise _CommitAnswerLost(number, done, error) from error
        return done

    def _answer(self, done: _Done) -> None:
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


class _Batch:
    """One batch, and the own work that it postpones to the next batch."""

    def __init__(self) -> None:
        self.postponed: list[Waiting] = []
        self._share = OwnShare()

    def postpones(self, unit: list[Waiting]) -> bool:
        if not unit[0].is_own or self._share.has_room():
            return False
        self.postponed += unit
        return True

    def without_postponed(self, units: Iterable[list[Waiting]]) -> list[Waiting]:
        left_out = {id(waiting) for waiting in self.postponed}
        return [w for unit in units for w in unit if id(w) not in left_out]


def _unknown(waiting: Waiting) -> OutcomeUnknown:
    why = "lost in a commit"
    return OutcomeUnknown(why) if waiting.id is None else RepeatSafely(why)
