"""Reuses PostgreSQL connections: one test closes a connection, and the next test gets it.

For a new connection, PostgreSQL starts a new process, which reads the catalog of 109 tables again.
That takes more server time than the statements of most tests.
"""

import contextlib
from collections import defaultdict
from collections.abc import Iterator
from unittest.mock import patch

import psycopg
from psycopg.conninfo import conninfo_to_dict
from psycopg.pq import ConnStatus, ExecStatus, PGconn, TransactionStatus

from handoff_service.store.engine.postgres_connection import BoundedConnection

# The most idle connections of one kind, as many as most tests use. The server has 100 connections
# for all test processes.
MOST_IDLE = 2


class KeptConnections:
    """The idle connections to one database."""

    # With this attribute, psycopg calls ``putconn`` instead of closing the connection.
    close_returns = True

    def __init__(self, url: str) -> None:
        self._of = conninfo_to_dict(url).items()
        self._idle: defaultdict[str, list[PGconn]] = defaultdict(list)

    def take(self, conninfo: str) -> PGconn | None:
        """Return an idle connection in the state of a new one, or None."""
        idle = self._idle[conninfo]
        while idle:
            found = idle.pop()
            # This resets the session and its prepared statements. It fails if a test broke the
            # connection.
            if found.exec_(b"DISCARD ALL").status == ExecStatus.COMMAND_OK:
                return found
            found.finish()
        return None

    def putconn(self, used: psycopg.Connection) -> None:
        """Keep a connection when a test closes it, unless it is still in a transaction."""
        ended, used.pgconn, used._pool = used.pgconn, _finished(), None
        used._closed = True
        idle = self._idle[used._conninfo]  # type: ignore[attr-defined]
        if ended.transaction_status == TransactionStatus.IDLE and len(idle) < MOST_IDLE:
            idle.append(ended)
        else:
            ended.finish()

    def pids(self) -> list[int]:
        """Return the ids of the server processes of the idle connections."""
        return [
            one.backend_pid
            for idle in self._idle.values()
            for one in idle
            if one.status == ConnStatus.OK
        ]

    def close(self) -> None:
        for idle in self._idle.values():
            while idle:
                idle.pop().finish()

    @contextlib.contextmanager
    def used(self) -> Iterator[None]:
        """Let the stores of this process reuse idle connections until the block ends."""
        kept = self

        class KeptConnection(BoundedConnection):
            @classmethod
            def _connect_gen(cls, conninfo: str = "") -> object:  # type: ignore[override]
                """Return an idle connection, or open a new one."""
                if not kept._of <= conninfo_to_dict(conninfo).items():
                    return (yield from super()._connect_gen(conninfo))
                found = kept.take(conninfo)
                made = cls(found) if found else (yield from super()._connect_gen(conninfo))
                made._pool, made._conninfo = kept, conninfo
                return made

        with patch(
            "handoff_service.store.engine.postgres_connection.BoundedConnection", KeptConnection
        ):
            yield
        self.close()


def _finished() -> PGconn:
    """Return a closed connection."""
    closed = PGconn.connect_start(b"hostaddr=none")
    closed.finish()
    return closed
