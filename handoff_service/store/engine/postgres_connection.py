"""A PostgreSQL connection with a client-side timeout.

The server's own timeouts only work while the server works. A hung server, or a host that has lost
its network, sends nothing, so the client has to stop waiting.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import psycopg
import sqlalchemy as sa
from psycopg.abc import RV, PQGen


class NoAnswer(psycopg.OperationalError):
    """The server did not answer in time; the connection was closed."""


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
        made = BoundedConnection.connect(*args, **kwargs)
        made.silence = silence
        return made

    sa.event.listen(engine, "do_connect", connect)
