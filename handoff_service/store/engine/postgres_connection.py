"""A PostgreSQL connection with a client-side timeout.

The server's own timeouts work only while the server works. A hung server, or a host without a
network, sends nothing, so the client itself must stop waiting.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import psycopg
import sqlalchemy as sa
from psycopg.abc import RV, PQGen


class NoAnswer(psycopg.OperationalError):
    """The server did not answer in time, so the client closed the connection."""


class BoundedConnection(psycopg.Connection[Any]):
    """Closes itself when the server is silent for ``silence`` seconds."""

    silence: float | None = None

    def wait(self, gen: PQGen[RV], interval: float = 0.1, timeout: float | None = None) -> RV:
        try:
            return super().wait(gen, interval, self.silence if timeout is None else timeout)
        except psycopg.errors._WaitTimeout:
            self.pgconn.finish()
            raise NoAnswer("The server did not answer in time.") from None


def connect_within(engine: sa.Engine, silence: float) -> None:
    """Make an engine connect with ``BoundedConnection``."""

    def connect(
        _dialect: Any, _record: Any, args: Sequence[Any], kwargs: Mapping[str, Any]
    ) -> psycopg.Connection[Any]:
        opened = BoundedConnection.connect(*args, **kwargs)
        opened.silence = silence
        return opened

    sa.event.listen(engine, "do_connect", connect)
