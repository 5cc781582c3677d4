"""Accepts the connections that clients open."""

import asyncio
import errno
import os
import socket
from collections.abc import Callable

from handoff_service import log

# The number of connections that the system queues until we accept them. The system drops
# connections beyond net.core.somaxconn, and their clients try again after 1, 3, 7 and 15 seconds.
BACKLOG = 65_535
AT_ONCE = 64  # new connections in one turn of the event loop, which also serves the open ones
PAUSE = 1.0  # seconds without accepting after the process has reached its limit of open files
_NO_ROOM = {errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM}


class Acceptor:
    """Accepts the connections of one listening socket, and closes the socket at the end.

    uvloop's own server accepts only one connection in each turn of the event loop. In a busy
    process, a turn takes 30 ms or more, so the last of 500 clients who connect at once would wait
    15 seconds.
    """

    def __init__(
        self, listening: socket.socket, connection: Callable[[], asyncio.BaseProtocol]
    ) -> None:
        self._listening, self._connection = listening, connection
        self._loop = asyncio.get_running_loop()
        self._opening: set[asyncio.Task[object]] = set()
        self._pause: asyncio.TimerHandle | None = None

    def start(self) -> None:
        self._listening.setblocking(False)
        self._listening.listen(BACKLOG)
        self._resume()

    async def close(self) -> None:
        """Accept the connections that are already queued, and then no more. If the socket were
        closed without this, the queued connections would be reset."""
        if self._pause is not None:
            self._pause.cancel()
        self._loop.remove_reader(self._listening)
        while self._accept() == AT_ONCE:
            pass
        self._listening.close()
        await asyncio.gather(*self._opening, return_exceptions=True)

    def _resume(self) -> None:
        self._loop.add_reader(self._listening, self._accept)

    def _accept(self) -> int:
        """Accept at most AT_ONCE queued connections. Returns how many there were."""
        for count in range(AT_ONCE):
            try:
                accepted, _ = self._listening.accept()
            except (BlockingIOError, InterruptedError, ConnectionAbortedError):
                return count
            except OSError as error:
                if error.errno not in _NO_ROOM:
                    raise
                self._wait(error)
                return count
            opening = self._loop.create_task(self._open(accepted))
            self._opening.add(opening)
            opening.add_done_callback(self._opening.discard)
        return AT_ONCE

    async def _open(self, accepted: socket.socket) -> None:
        try:
            await self._loop.connect_accepted_socket(self._connection, accepted)
        except OSError:  # the client has already disconnected
            accepted.close()

    def _wait(self, error: OSError) -> None:
        log.warning("accept_failed", why=os.strerror(error.errno or 0), seconds=PAUSE)
        self._loop.remove_reader(self._listening)
        self._pause = self._loop.call_later(PAUSE, self._resume)
