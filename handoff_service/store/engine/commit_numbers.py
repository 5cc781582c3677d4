"""The number of each lane's last commit, stored with its effect.

When the connection breaks between a COMMIT and its answer, nobody knows whether the transaction stands. The lane then
looks for the transaction's number: if it is there, so is the effect. The row stays locked until a transaction ends, so
whoever looks waits for a COMMIT that the server is still carrying out.
"""

import secrets
import time
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy import bindparam, delete, insert, select, update

from handoff_service.store.engine.tables import lane_commits

PAUSES = (0.0, 0.1, 0.2, 0.4, 0.8)  # seconds between the tries to ask; then the outcome stays unknown
FORGOTTEN_AFTER = timedelta(days=1)  # the row of a lane that has ended

_STORE = (
    update(lane_commits)
    .where(lane_commits.c.lane == bindparam("of_lane"))
    .values(number=bindparam("number"), at=bindparam("at"))
)
_LAST = select(lane_commits.c.number).where(lane_commits.c.lane == bindparam("of_lane")).with_for_update()


class RowGone(Exception):
    """Another process took the lane's row for that of a lane that has ended. The next transaction adds a new one."""


class CommitNumbers:
    """The numbers of one lane's transactions. Used by that lane's thread alone."""

    def __init__(self, engine: sa.Engine) -> None:
        self._engine = engine
        self._lane = ""  # its row is there once this has a value
        self._number = 0

    def next(self, now: datetime) -> int:
        """A number for a transaction that is about to run."""
        if not self._lane:
            try:
                self._lane = self._add_row(now)
            except sa.exc.DBAPIError:  # perhaps only the answer was lost: then the other row does no harm
                self._lane = self._add_row(now)
        self._number += 1
        return self._number

    def store(self, conn: sa.Connection, number: int, now: datetime) -> None:
        """Store the number in its transaction. RowGone once, when the lane has been idle for a day."""
        if conn.execute(_STORE, {"of_lane": self._lane, "number": number, "at": now}).rowcount == 0:
            self._lane = ""
            raise RowGone

    def was_committed(self, number: int) -> bool | None:
        """Whether the lane's last transaction stands. None: the database cannot be asked."""
        for pause in PAUSES:
            time.sleep(pause)  # this is the lane's own thread: nothing of it may run before this is known
            try:
                with self._engine.connect() as conn:  # ends without a COMMIT of its own
                    return conn.execute(_LAST, {"of_lane": self._lane}).scalar() == number
            except sa.exc.DBAPIError:
                continue
        return None

    def _add_row(self, now: datetime) -> str:
        """Committed before the first number, since nobody can wait for a row that is not visible yet."""
        lane = secrets.token_hex(8)
        with self._engine.begin() as conn:
            conn.execute(delete(lane_commits).where(lane_commits.c.at < now - FORGOTTEN_AFTER))
            conn.execute(insert(lane_commits).values(lane=lane, number=0, at=now))
        return lane
