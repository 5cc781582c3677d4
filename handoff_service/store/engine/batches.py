"""Carries out a batch of a lane: each group of units in one transaction, which commits once.

Nothing is applied twice. Each transaction stores a number with its effect: when the answer to a
COMMIT is lost, this looks for the number (``commit_numbers.py``).
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from time import monotonic
from typing import Any

import sqlalchemy as sa

from handoff_service.clock import Clock
from handoff_service.errors import OutcomeUnknown, RepeatSafely
from handoff_service.store.engine.commit_numbers import CommitNumbers
from handoff_service.store.engine.priority_queue import OwnShare
from handoff_service.store.engine.transaction import Hint, OperationSettings, Transaction
from handoff_service.store.engine.units import Waiting, carry_out


@dataclass(frozen=True, slots=True)
class Done:
    """The result of a transaction: an answer for each command, and the actions after the commit."""

    answers: list[tuple[Waiting, Any]]
    hints: list[Hint] = field(default_factory=list)
    work_at: datetime | None = None


class _CommitAnswerLost(Exception):
    """The database was asked to commit, and its answer was lost."""

    def __init__(self, number: int, done: Done, error: sa.exc.DBAPIError) -> None:
        self.number, self.done, self.error = number, done, error
        super().__init__(number)


class Batch:
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


class Transactions:
    """The transactions of one lane. ``give_up``: answers a command that came too late."""

    def __init__(
        self,
        engine: sa.Engine,
        clock: Clock,
        settings: OperationSettings,
        give_up: Callable[[Waiting], None],
    ) -> None:
        self._engine, self._clock, self._settings = engine, clock, settings
        self._give_up = give_up
        self._numbers = CommitNumbers(engine)

    def run(self, units: list[list[Waiting]], batch: Batch) -> Done | None:
        """Run units in one transaction, except units that the batch postpones. None when it
        postpones all. On any error it raises, with nothing done.
        """
        if len(units) == 1 and batch.postpones(units[0]):
            return None
        try:
            return self._transact(units, batch)
        except _CommitAnswerLost as lost:
            committed = self._numbers.was_committed(lost.number)
            if committed is False:
                raise lost.error from lost
            if committed is None:
                return Done([(w, _unknown(w)) for w, _ in lost.done.answers])
            return lost.done

    def _transact(self, units: list[list[Waiting]], batch: Batch) -> Done:
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
            done = Done(answers, tx.hints, tx.work_at)
            try:
                transaction.commit()
            except sa.exc.DBAPIError as error:
                raise _CommitAnswerLost(number, done, error) from error
        return done

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


def _unknown(waiting: Waiting) -> OutcomeUnknown:
    why = "lost in a commit"
    return OutcomeUnknown(why) if waiting.id is None else RepeatSafely(why)
