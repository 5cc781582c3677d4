"""Errors of database drivers: finds their meaning, and keeps their texts out of logs and responses.

A driver's text may contain personal data, such as ``Key (number)=(+12025550101) already exists``.
So it never leaves the store.
"""

import re
import sqlite3
from collections.abc import Callable
from time import monotonic
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import ExceptionContext

# PostgreSQL: https://www.postgresql.org/docs/current/errcodes-appendix.html
_AWAY_CLASSES = {
    "08",  # connection exception
    "53",  # insufficient resources: disk full, out of memory, too many connections
    "57",  # operator intervention: canceled, being shut down, starting up
    "58",  # system error: input or output failed
}
_AWAY_STATES = {
    "25006",  # read-only: a standby, or a demoted primary
    "25P03",  # the transaction was idle for too long: this process was frozen
    "25P04",  # the transaction took too long
    "40001",  # serialization failure, twice
    "40P01",  # a deadlock, twice
    "55P03",  # locked by another transaction
}
_READ_ONLY = "25006"
# A statement on a lost connection fails within this many seconds. One that takes longer was lost
# while it ran.
AT_ONCE = 2

# SQLite: https://www.sqlite.org/rescode.html; the low byte of an extended code is its primary code
_AWAY_CODES = {
    sqlite3.SQLITE_BUSY,
    sqlite3.SQLITE_LOCKED,
    sqlite3.SQLITE_NOMEM,
    sqlite3.SQLITE_READONLY,
    sqlite3.SQLITE_INTERRUPT,
    sqlite3.SQLITE_IOERR,
    sqlite3.SQLITE_CORRUPT,
    sqlite3.SQLITE_FULL,
    sqlite3.SQLITE_CANTOPEN,
    sqlite3.SQLITE_PROTOCOL,
    sqlite3.SQLITE_NOTADB,
}
# With these errors, only a new connection may work again, for example after a file or a disk has
# returned.
_REOPEN_CODES = {
    sqlite3.SQLITE_READONLY,
    sqlite3.SQLITE_IOERR,
    sqlite3.SQLITE_CORRUPT,
    sqlite3.SQLITE_CANTOPEN,
    sqlite3.SQLITE_NOTADB,
}


def is_away(error: BaseException) -> bool:
    """Return whether the database is unreachable or busy, so the same command may succeed
    later."""
    # no connection was free, or the connection was lost
    if isinstance(error, sa.exc.TimeoutError | sa.exc.PendingRollbackError):
        return True
    if not isinstance(error, sa.exc.DBAPIError):
        return False
    if error.connection_invalidated:
        return True
    if (code := _sqlite_code(error.orig)) is not None:
        return code in _AWAY_CODES
    state = getattr(error.orig, "sqlstate", None)
    if state is None:  # an error of psycopg itself: refused, closed or timed out
        return isinstance(error, sa.exc.OperationalError)
    return state in _AWAY_STATES or state[:2] in _AWAY_CLASSES


def with_new_connection[R](act: Callable[[], R]) -> R:
    """Call ``act``, and call it once more if its connection was lost. A pooled connection may be
    lost while it is idle, and only its next statement notices that. A failed statement drops all
    old connections of the pool. ``act`` must be safe to repeat."""
    began = monotonic()
    try:
        return act()
    except sa.exc.DBAPIError as error:
        if not error.connection_invalidated or monotonic() - began > AT_ONCE:
            raise
    return act()


def name_of(error: BaseException) -> str:
    """Return an error's name without its text, such as ``UniqueViolation (23505)`` or
    ``SQLITE_BUSY``."""
    orig = error.orig if isinstance(error, sa.exc.StatementError) else error
    code = getattr(orig, "sqlite_errorname", None) or getattr(orig, "sqlstate", None)
    name = type(orig).__name__
    return (
        name
        if code is None
        else str(code)
        if str(code).startswith("SQLITE")
        else f"{name} ({code})"
    )


def watch(engine: sa.Engine) -> None:
    """Remove the drivers' texts from an engine's errors, and drop connections that cannot recover.

    The error of a failed connection attempt keeps its text, because it contains no personal data.
    """
    sa.event.listen(engine, "handle_error", _on_error)


def _on_error(context: ExceptionContext) -> None:
    error: BaseException = context.original_exception
    if context.connection is None or not isinstance(error, Exception):
        return
    if getattr(error, "sqlstate", None) == _READ_ONLY or _sqlite_code(error) in _REOPEN_CODES:
        context.is_disconnect = True
    text = f"{name_of(error)}{_place(error)}; the driver's text is left out"
    error.args = (text,)
    if context.sqlalchemy_exception is not None:
        context.sqlalchemy_exception.args = (text,)


def _place(error: BaseException) -> str:
    """Return the violated constraint or columns. These are our own names, not values."""
    if isinstance(error, sqlite3.IntegrityError):  # "UNIQUE constraint failed: user_numbers.number"
        found = re.fullmatch(r"(?:[A-Z ]+) constraint failed: ([\w., ]+)", str(error))
        return f" on {found[1]}" if found else ""
    diagnosis: Any = getattr(error, "diag", None)
    named = getattr(diagnosis, "constraint_name", None) or getattr(diagnosis, "column_name", None)
    return f" on {named}" if named else ""


def _sqlite_code(error: BaseException | None) -> int | None:
    code: int | None = getattr(error, "sqlite_errorcode", None)
    return None if code is None else code & 0xFF
