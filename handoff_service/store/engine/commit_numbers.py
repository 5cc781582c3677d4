"""Commit numbers. Each transaction of a lane stores the next number in the lane's row.

If the connection breaks between a COMMIT and its response, the outcome is unknown. The lane then
looks for the transaction's number. If the number is stored, the transaction was committed. The row
stays locked until the transaction ends, so the lookup waits for a COMMIT that is still running.
"""

import secrets
import time
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy import bindparam, delete, insert, select, update

from handoff_service.store.engine.tables import lane_commits

# seconds before each lookup; after the last one, the outcome stays unknown
PAUSES = (0.0, 0.1, 0.2, 0.4, 0.8)
FORGOTTEN_AFTER = timedelta(days=1)  # age at which a lane's row may be deleted

_STORE = (
    update(lane_commits)
    .where(lane_commits.c.lane == bindparam("of_lane"))
    .values(number=bindparam("number"), at=bindparam("at"))
)
# the same statement as text, because each transaction runs it, and building it would take a third
# of the time
_POSTGRES = "UPDATE lane_commits SET number = %(number)s, at = %(at)s WHERE lane = %(of_lane)s"
_LAST = (
    select(lane_commits.c.number)
    .where(lane_commits.c.lane == bindparam("of_lane"))
    .with_for_update()
)


class RowGone(Exception):
    """Another lane has deleted this lane's row, because it was unused for a day. The next
    transaction adds a new row."""


class CommitNumbers:
    """The commit numbers of one lane. Only that lane's thread may use this object."""

    def __init__(self, engine: sa.Engine) -> None:
        self._engine = engine
        self._lane = ""  # the row's key; empty until the row exists
        self._number = 0

    def next(self, now: datetime) -> int:
        """Return the number for the next transaction."""
        if not self._lane:
            try:
                self._lane = self._add_row(now)
            except sa.exc.DBAPIError:  # if only the response was lost, the extra row is harmless
                self._lane = self._add_row(now)
        self._number += 1
        return self._number

    def store(self, conn: sa.Connection, number: int, now: datetime) -> None:
        """Store the number in its transaction. Raises RowGone if the lane was idle for a day and
        its row was deleted; a retry then succeeds."""
        values = {"of_lane": self._lane, "number": number, "at": now}
        if conn.dialect.name == "postgresql":
            changed = conn.exec_driver_sql(_POSTGRES, values)
        else:
            changed = conn.execute(_STORE, values)
        if changed.rowcount == 0:
            self._lane = ""
            raise RowGone

    def was_committed(self, number: int) -> bool | None:
        """Return whether the lane's last transaction was committed; None if the database cannot be
        reached."""
        for pause in PAUSES:
            # this blocks only the lane's own thread, which must wait for the result anyway
            time.sleep(pause)
            try:
                with self._engine.connect() as conn:  # rolls back, because it only reads
                    return conn.execute(_LAST, {"of_lane": self._lane}).scalar() == number
            except sa.exc.DBAPIError:
                continue
        return None

    def _add_row(self, now: datetime) -> str:
        """Add the row and commit it before the first number, because a lookup can only wait for a
        row that it sees."""
        lane = secrets.token_hex(8)
        with self._engine.begin() as conn:
            conn.execute(delete(lane_commits).where(lane_commits.c.at < now - FORGOTTEN_AFTER))
            conn.execute(insert(lane_commits).values(lane=lane, number=0, at=now))
        return lane
