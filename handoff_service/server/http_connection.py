"""Client connections and their limits.

A client may open connections and send nothing, or send its request byte by byte. It must not
prevent others from connecting:

- A whole request must arrive in time.
- The server closes an idle connection after a while.
- When there are too many connections, the server closes those that have been idle longest.
"""

import heapq
import resource
import time
from collections import Counter
from collections.abc import Iterable
from typing import Any

from sanic.http import Stage
from sanic.server import HttpProtocol

from handoff_service.web.shared.client_address import is_proxy
from handoff_service.web.shared.webhook_overload import (
    BEGINNING,
    REFUSAL,
    WebhooksUnderWay,
    bytes_to_come,
)

# connections from one address; each browser of an office behind one address has several
MOST_PER_ADDRESS = 500
# the share of the open files that connections may use; the database and the logs need the rest
MOST_OF_FILES = 0.8
FIRST_REQUEST_WITHIN = 10.0  # seconds from the opening of a connection to its first byte
IDLE_FOR_CLIENTS = 15.0  # seconds that a client's connection may be idle between requests
# longer than proxies keep idle connections (nginx: 60 s), so that the proxy closes them first
IDLE_FOR_PROXIES = 75.0
LATE = 5.0  # if a check of timeouts is this many seconds late, the process has stalled
# a search closes one tenth of the connections, so that the next clients need no search
MADE_ROOM = 10


class ConnectionLimits:
    """Counts one process's open connections by address. The connections of a proxy count only
    toward the total, because they serve many clients."""

    def __init__(self, *, per_address: int = MOST_PER_ADDRESS, in_all: int | None = None) -> None:
        self._per_address = per_address
        self._in_all = in_all or int(resource.getrlimit(resource.RLIMIT_NOFILE)[0] * MOST_OF_FILES)
        self._open: Counter[str] = Counter()
        self._all = 0
        self._searched = 0.0

    def admit(self, new: "HttpConnection", connections: Iterable["HttpConnection"]) -> bool:
        """Count a connection. If there are too many, close others. Returns whether there is room
        for it now."""
        self._open[new.address] += 1
        self._all += 1
        if self._all > self._in_all:
            return self._make_room(list(connections), self._in_all)
        if not new.from_proxy and self._open[new.address] > self._per_address:
            return self._make_room(
                [c for c in connections if c.address == new.address], self._per_address
            )
        return True

    def forget(self, address: str) -> None:
        self._all -= 1
        self._open[address] -= 1
        if not self._open[address]:
            del self._open[address]

    def _make_room(self, candidates: list["HttpConnection"], limit: int) -> bool:
        """Close the connections that have waited longest for a request. Returns whether it found
        such connections. After a search that finds none, this does not search again for a second,
        because searching is expensive."""
        now = time.monotonic()
        if now - self._searched < 1:
            return False
        waiting = [c for c in candidates if c.is_counted and c.waits_for_client]
        if not waiting:
            self._searched = now
        for connection in heapq.nsmallest(
            max(limit // MADE_ROOM, 1), waiting, key=lambda c: c.last_activity
        ):
            connection.stop_counting()
            connection.close()
        return bool(waiting)


class HttpConnection(HttpProtocol):
    """Sanic's connection protocol with limits."""

    __slots__ = (
        "_checked_at",
        "_counted",
        "_has_webhook",
        "_limits",
        "_to_skip",
        "_webhooks",
        "address",
        "from_proxy",
    )

    def __init__(
        self, *, limits: ConnectionLimits, webhooks: WebhooksUnderWay, **given: Any
    ) -> None:
        super().__init__(**given)
        self._limits, self._webhooks = limits, webhooks
        self._has_webhook = False
        self._checked_at = time.monotonic()
        self._to_skip = 0  # remaining bytes of a refused request's body
        self.address = ""
        self.from_proxy = False
        self._counted = False

    @property
    def waits_for_client(self) -> bool:
        """Whether the server waits for a request, or for the rest of its headers."""
        return self.http is None or self.http.stage in (Stage.IDLE, Stage.REQUEST)

    @property
    def last_activity(self) -> float:
        moment: float = self._time
        return moment

    @property
    def is_counted(self) -> bool:
        return self._counted

    def stop_counting(self) -> None:
        """Stop counting the connection, because it is closed or will be closed now."""
        if self._counted:
            self._counted = False
            self._limits.forget(self.address)

    @property
    def _is_arriving(self) -> bool:
        """Whether a request has begun to arrive and is not read to its end."""
        body = getattr(self.http, "request_body", None)
        return self.http is not None and (self.http.stage is Stage.REQUEST or body is not None)

    @property
    def _is_idle(self) -> bool:
        """Whether the next byte starts a request."""
        return not self.recv_buffer and (self.http is None or self.http.stage is Stage.IDLE)

    def connection_made(self, transport: Any) -> None:
        peer = transport.get_extra_info("peername")
        self.address = str(peer[0]) if peer else ""
        self.from_proxy = is_proxy(self.address, self.app.ctx.proxies)
        self._time = time.monotonic()
        self._counted = True
        if not self._limits.admit(self, self.connections):
            self.transport = None
            transport.abort()
            return
        super().connection_made(transport)  # type: ignore[no-untyped-call]
        self.keep_alive_timeout = FIRST_REQUEST_WITHIN

    def data_received(self, data: bytes) -> None:
        if self._to_skip:
            rest = data[self._to_skip :]
            self._to_skip -= len(data) - len(rest)
            if not rest:
                return
            data = rest
        arriving, began = self._is_arriving, self._time
        self.keep_alive_timeout = IDLE_FOR_PROXIES if self.from_proxy else IDLE_FOR_CLIENTS
        if self._is_idle and data.startswith(BEGINNING) and self._refuse_webhook(data):
            return
        super().data_received(data)
        if arriving:
            # keep the time of the request's beginning, so that a slow request gets no more time
            # than one that stops
            self._time = began

    def _refuse_webhook(self, data: bytes) -> bool:
        """Refuse a webhook with status 503 at once if it would wait too long. Returns whether it
        was refused."""
        to_come = bytes_to_come(data)
        if to_come is None or self._webhooks.admit(self.app):
            self._has_webhook = to_come is not None
            return False
        self._to_skip = to_come
        self._time = time.monotonic()
        self.transport.write(REFUSAL)  # type: ignore[union-attr]  # it is open: its data has just arrived
        return True

    def _webhook_answered(self) -> None:
        if self._has_webhook:
            self._has_webhook = False
            self._webhooks.answered()

    async def send(self, data: bytes) -> None:
        await super().send(data)  # type: ignore[no-untyped-call]
        self._webhook_answered()

    def check_timeouts(self) -> None:
        """Close this connection if its time is over. Sanic calls this every few seconds. A request
        with a body that never ends gets no answer, because Sanic would wait for its end without
        limit. After the process has stalled, the connection gets its full time again."""
        now, shortest = (
            time.monotonic(),
            min(self.keep_alive_timeout, self.request_timeout, self.response_timeout),
        )
        if now - self._checked_at > shortest / 2 + LATE:
            self._time = now
        self._checked_at = now
        late = now - self._time > self.response_timeout
        if late and self._is_arriving and self.http.stage is Stage.HANDLER:
            self.abort()  # type: ignore[no-untyped-call]
        else:
            super().check_timeouts()  # type: ignore[no-untyped-call]

    def connection_lost(self, exc: Exception | None) -> None:
        self.stop_counting()
        self._webhook_answered()
        if self.conn_info is not None:
            super().connection_lost(exc)  # type: ignore[no-untyped-call]

    def answer_and_close(self) -> None:
        """Close this connection after its current answer."""
        if self.http is not None and self.http.stage in (Stage.REQUEST, Stage.HANDLER):
            self.http.keep_alive = False

    def close_if_idle(self) -> bool:
        """Close the connection unless a request is arriving or being answered."""
        return not self.recv_buffer and bool(super().close_if_idle())
