"""The supervisor process: starts the workers, replaces a worker that ends, and restarts them one by
one on SIGUSR1.

The supervisor opens the listening socket, and the workers inherit it, so the service refuses no
connection while the supervisor replaces a worker. Each worker is a new Python process, so a rolling
restart loads new code. A *lifeline* (a socket pair) connects each worker to the supervisor. The
worker writes to it when it is ready, and stops when the supervisor's end closes. All workers write
their metrics to one folder, so that each of them can report the metrics of all.
"""

import asyncio
import os
import signal
import socket
import sys
import tempfile
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import count as numbers

from handoff_service import log, metrics
from handoff_service.server.serving import STOP_WITHIN, raise_file_limit

# seconds before the supervisor replaces an ended worker; they double each time
FIRST_PAUSE, LONGEST_PAUSE = 0.5, 60.0
# if a worker has run for this many seconds, the next pause is the first one again
STABLE_AFTER = 60.0
# the message on a lifeline that asks a worker to look for work, because an ended process may have
# released some
LOOK_FOR_WORK = b"w"
READY_WITHIN = 60.0  # if a new worker needs longer, the supervisor ends it and keeps the old one
WORKER = (sys.executable, "-m", "handoff_service.server.worker_process")


@dataclass(slots=True, kw_only=True, eq=False)
class _Worker:
    process: asyncio.subprocess.Process
    lifeline: socket.socket
    #: the bytes that the worker writes when it can answer requests; empty: it ended before that
    ready: asyncio.Task[bytes]
    started: float
    #: unique among the running workers; a new worker may get the place of an ended worker
    metrics_place: int


class Supervisor:
    """Keeps ``count`` workers running. ``command``: the command that starts a worker, without its
    four arguments."""

    def __init__(
        self, listening: socket.socket, count: int, *, command: Sequence[str] = WORKER
    ) -> None:
        self._listening, self._command = listening, command
        self._workers: list[_Worker | None] = [None] * count
        self._pauses = [FIRST_PAUSE] * count
        # running worker -> the task that watches it
        self._watches: dict[_Worker, asyncio.Task[None]] = {}
        self._changing = asyncio.Lock()  # taken during the replacement of a worker
        self._stopping = asyncio.Event()
        self._restarts = asyncio.Event()
        self._metrics = tempfile.TemporaryDirectory(prefix="patchboard-metrics-")

    async def run(self) -> None:
        """Run until SIGTERM or SIGINT."""
        raise_file_limit()
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self._stopping.set)
        loop.add_signal_handler(signal.SIGUSR1, self._restarts.set)
        for place in range(len(self._workers)):
            await self._fill(place)
        restarting = asyncio.create_task(self._restart_when_asked())
        await self._stopping.wait()
        restarting.cancel()
        await self._stop()

    async def _fill(self, place: int) -> _Worker:
        """Start and watch a worker for this place."""
        ours, theirs = socket.socketpair()
        ours.setblocking(False)
        inherited = (self._listening.fileno(), theirs.fileno())
        used = {one.metrics_place for one in self._watches}
        metrics_place = next(number for number in numbers() if number not in used)
        arguments = (*inherited, self._metrics.name, metrics_place)
        process = await asyncio.create_subprocess_exec(
            *self._command, *map(str, arguments), pass_fds=inherited
        )
        theirs.close()
        loop = asyncio.get_running_loop()
        ready = loop.create_task(_first_bytes(ours))
        worker = _Worker(
            process=process,
            lifeline=ours,
            ready=ready,
            started=loop.time(),
            metrics_place=metrics_place,
        )
        self._workers[place] = worker
        log.info("worker_started", pid=process.pid, place=place)
        self._watches[worker] = watch = loop.create_task(self._replace_when_it_ends(place, worker))
        watch.add_done_callback(lambda _: self._watches.pop(worker))
        return worker

    async def _replace_when_it_ends(self, place: int, worker: _Worker) -> None:
        with worker.lifeline:
            code = await worker.process.wait()
            metrics.has_ended(self._metrics.name, worker.metrics_place)
            await worker.ready
        # the supervisor itself has asked this worker to end
        if self._workers[place] is not worker or self._stopping.is_set():
            log.info("worker_ended", pid=worker.process.pid, code=code)
            return
        loop = asyncio.get_running_loop()
        if loop.time() - worker.started >= STABLE_AFTER:
            self._pauses[place] = FIRST_PAUSE
        pause = self._pauses[place]
        self._pauses[place] = min(2 * pause, LONGEST_PAUSE)
        log.warning("worker_died", pid=worker.process.pid, code=code, place=place, again_in=pause)
        with suppress(TimeoutError):
            await asyncio.wait_for(self._stopping.wait(), pause)
        async with self._changing:
            if self._workers[place] is worker and not self._stopping.is_set():
                await self._fill(place)

    async def _restart_when_asked(self) -> None:
        while True:
            await self._restarts.wait()
            self._restarts.clear()
            log.info("rolling_restart", workers=len(self._workers))
            done = [await self._restart(place) for place in range(len(self._workers))]
            write_log = log.info if all(done) else log.warning
            write_log("rolling_restart_done", replaced=sum(done), of=len(done))

    async def _restart(self, place: int) -> bool:
        """Replace one worker. As soon as the new worker answers, ask the old one to end. If the new
        one never answers, the old one stays."""
        async with self._changing:
            old = self._workers[place]
            new = await self._fill(place)
            if not await self._is_ready(new):
                self._workers[place] = old
                log.warning("worker_not_ready", pid=new.process.pid, within=READY_WITHIN)
                await _end(new)
                # the old worker has ended and was not replaced
                if old is not None and old.process.returncode is not None:
                    await self._fill(place)
                return False
        if old is not None:
            await _end(old)
            for other in self._watches:
                with suppress(OSError):  # the worker has just ended
                    other.lifeline.send(LOOK_FOR_WORK)
        return True

    async def _is_ready(self, worker: _Worker) -> bool:
        done, _ = await asyncio.wait([worker.ready], timeout=READY_WITHIN)
        return bool(done) and bool(worker.ready.result())

    async def _stop(self) -> None:
        self._listening.close()
        log.info("stopping", workers=len(self._workers), pid=os.getpid())
        async with self._changing:
            watches = dict(self._watches)
            await asyncio.gather(*map(_end, watches))
        await asyncio.gather(*watches.values())
        self._metrics.cleanup()
        log.info("supervisor_stopped", pid=os.getpid())


async def _first_bytes(lifeline: socket.socket) -> bytes:
    """The first bytes that the worker writes. Empty if it ends before it writes any."""
    try:
        return await asyncio.get_running_loop().sock_recv(lifeline, 16)
    except OSError:
        return b""


async def _end(worker: _Worker) -> None:
    """Ask a worker to finish, and kill it if it does not."""
    with suppress(ProcessLookupError):
        worker.process.terminate()
    try:
        await asyncio.wait_for(worker.process.wait(), STOP_WITHIN + 5)
    except TimeoutError:
        log.warning("worker_killed", pid=worker.process.pid)
        worker.process.kill()
        await worker.process.wait()
