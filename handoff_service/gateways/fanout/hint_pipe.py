"""Sends hints from commands to a service without Redis, through a named pipe in PATCHBOARD_HOME.

A service without Redis is the only process that serves its database. A command on the same machine
writes one line for each hint. If no service runs, no process reads the pipe, and the command writes
nothing.
"""

import asyncio
import json
import os
import stat
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from handoff_service import log
from handoff_service.gateways.fanout.hint_format import as_list, read_hint
from handoff_service.ports.fanout import Fanout
from handoff_service.store.engine.transaction import Hint

NAME = "hints.pipe"
# bytes; POSIX guarantees that a write of this size is atomic, and a hint is smaller
ATOMIC_WRITE = 512
READ_SIZE = 65_536  # bytes


def send(home: Path, hints: Sequence[Hint]) -> None:
    """Send hints to the service that uses this HOME, if one runs. Raises OSError when the service
    does not read."""
    try:
        pipe = os.open(home / NAME, os.O_WRONLY | os.O_NONBLOCK)
    except OSError:  # no process reads the pipe, or there is no pipe
        return
    try:
        if stat.S_ISFIFO(os.fstat(pipe).st_mode):
            for hint in hints:
                os.write(pipe, json.dumps(as_list(hint)).encode()[: ATOMIC_WRITE - 1] + b"\n")
    finally:
        os.close(pipe)


class HintPipe:
    """The service's end of the pipe. It publishes the hints that commands send."""

    def __init__(self, home: Path, fanout: Fanout) -> None:
        self._path, self._fanout, self._rest = home / NAME, fanout, b""

    async def run(self) -> None:
        """Read hints until canceled. If the file system of HOME does not support pipes, the service
        gets no hints from commands. A command's work then waits until the workers poll again."""
        loop = asyncio.get_running_loop()
        try:
            with self._opened() as pipe:
                loop.add_reader(pipe, self._read, pipe)
                try:
                    await asyncio.Event().wait()
                finally:
                    loop.remove_reader(pipe)
        except OSError as error:
            log.warning("commands_not_heard", why=type(error).__name__)
            await asyncio.Event().wait()

    @contextmanager
    def _opened(self) -> Iterator[int]:
        self._path.unlink(missing_ok=True)  # a service that was killed may have left its pipe
        os.mkfifo(self._path, 0o600)
        # open it for writing too, so that the reader sees no end of file when a command closes the
        # pipe
        pipe = os.open(self._path, os.O_RDWR | os.O_NONBLOCK)
        try:
            yield pipe
        finally:
            os.close(pipe)
            self._path.unlink(missing_ok=True)

    def _read(self, pipe: int) -> None:
        with suppress(BlockingIOError):
            *lines, rest = (self._rest + os.read(pipe, READ_SIZE)).split(b"\n")
            self._rest = rest[:ATOMIC_WRITE]
            self._fanout.publish([hint for line in lines for hint in _hints(line)])


def _hints(line: bytes) -> Iterator[Hint]:
    """Yield the hint in this line, or nothing if the line is invalid."""
    with suppress(ValueError, TypeError, RecursionError):
        yield read_hint(json.loads(line))
