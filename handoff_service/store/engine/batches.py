"""Runs a lane's batch: each group of units in one transaction.

No command takes effect twice. Each transaction also stores a number. If the response to a COMMIT is
lost, the lane looks for this number (``commit_numbers.py``).
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from time import monotonic
from typing import Any

import sqlalchemy as sa

from handoff_service.clock import Clock
from handoff_service.errors import OutcomeUnknown, RepeatSafely
from handoff_service.rules.shared.vocabulary import Work
from handoff_service.store.engine.commit_numbers import CommitNumbers
from handoff_service.store.engine.driver_errors import with_new_connection
from handoff_service.store.engine.priority_queue import OwnShare
from handoff_service.store.engine.transaction import Hint, OperationSettings, Transaction
from handoff_service.store.engine.units import Waiting, run_unit


@dataclass(frozen=True, slots=True)
class Done:
    """The result of a transaction: an answer for each command, and what to publish after the
    commit."""

    answers: list[tuple[Waiting, Any]]
    hints: list[Hint] = field(default_factory=list)
    work_at: Mapping[Work, datetime] = field(default_factory=dict)


class _CommitFailed(Exception):
    """COMMIT raised an error. The database may have committed anyway, if only its response was
    lost."""

    def __init__(self, number: int, done: Done, error: sa.exc.DBAPIError) -> None:
        self.number, self.done, self.error = number, done, error
        super().__init__(number)


class Batch:
    """A batch, with the service's own work that it postpones to the next batch."""

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
    """The transactions of one lane. ``give_up``: answers a command whose caller has timed out."""

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
        """Run units in one transaction, except those that the batch postpones. Returns None if the
        batch postpones the only unit. If this raises an error, nothing was committed.
        """
        if len(units) == 1 and batch.postpones(units[0]):
            return None
        try:
            return self._transact(units, batch)
        except _CommitFailed as failed:
            committed = self._numbers.was_committed(failed.number)
            if committed is False:
                raise failed.error from failed
            if committed is None:
                return Done([(w, _unknown(w)) for w, _ in failed.done.answers])
            return failed.done

    def _transact(self, units: list[list[Waiting]], batch: Batch) -> Done:
        now = self._clock()
        number = self._numbers.next(now)
        # the connection rolls the transaction back unless it is committed
        with with_new_connection(lambda: self._begin(number, now)) as conn:
            # check again, because the wait for the database's write lock may have been long
            units = [started for unit in units if (started := self._start_wanted(unit))]
            tx = Transaction(conn=conn, now=now, settings=self._settings)
            answers = [
                pair
                for unit in units
                if len(units) == 1 or not batch.postpones(unit)
                for pair in zip(unit, run_unit(tx, unit), strict=True)
            ]
            tx.finish()
            done = Done(answers, tx.hints, tx.work_at)
            try:
                conn.commit()
            except sa.exc.DBAPIError as error:
                raise _CommitFailed(number, done, error) from error
        return done

    def _begin(self, number: int, now: datetime) -> sa.Connection:
        conn = self._engine.connect()
        try:
            self._numbers.store(conn, number, now)
        except BaseException:
            conn.close()
            raise
        return conn

    def _start_wanted(self, unit: list[Waiting]) -> list[Waiting]:
        """Mark the commands as started, and return those whose callers still wait. Callers cannot
        withdraw a started command."""
        for waiting in unit:
            waiting.ticket.started = True  # must precede reading the clock: see Store.write
        now = monotonic()
        for waiting in unit:
            if waiting.ticket.is_late(now):
                self._give_up(waiting)
        return [waiting for waiting in unit if not waiting.ticket.is_late(now)]


def _unknown(waiting: Waiting) -> OutcomeUnknown:
    why = "lost in a commit"
    return OutcomeUnknown(why) if waiting.id is None else RepeatSafely(why)
