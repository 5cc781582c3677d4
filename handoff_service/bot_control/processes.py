"""Run the processes of a long task, which another thread can cancel."""

import asyncio
import os
import signal
import subprocess
import threading
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress

from handoff_service.bot_control.fingerprint import ROOT
from handoff_service.bot_control.with_parent import ends_with_this_process

type Process = subprocess.Popen[str]


class Canceled(Exception):
    """The task was canceled before it ended."""


class Processes:
    """The processes of one task."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._canceled = threading.Event()
        self._running: list[Process] = []

    def cancel(self) -> None:
        """Kill the processes and their children, and start no more."""
        with self._lock:
            self._canceled.set()
            for process in self._running:
                _kill(process)

    def raise_if_canceled(self) -> None:
        if self._canceled.is_set():
            raise Canceled

    def pause(self, seconds: float) -> None:
        """Wait for this many seconds. Raises Canceled when the task is canceled."""
        if self._canceled.wait(seconds):
            raise Canceled

    def start(self, command: Sequence[str], environment: Mapping[str, str]) -> Process:
        """Start a program, given by its absolute path. It ends when this process ends. Its stdout
        includes its stderr. The caller must pass the process to ``end``. Raises Canceled."""
        with self._lock:
            self.raise_if_canceled()
            process = subprocess.Popen(  # noqa: S603  # our own command
                ends_with_this_process(command),
                cwd=ROOT,
                env=environment,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                errors="replace",
                start_new_session=True,
            )
            self._running.append(process)
            return process

    def end(self, process: Process) -> None:
        """Kill the process if it is still running, and close its pipes. After a cancellation, both
        the thread of the task and the canceling thread may call this."""
        with self._lock:
            if process not in self._running:
                return
            self._running.remove(process)
            _kill(process)
        for pipe in (process.stdin, process.stdout):
            if pipe is not None:
                with suppress(BrokenPipeError):  # the program may end before it reads its input
                    pipe.close()

    def run(
        self, command: Sequence[str], environment: Mapping[str, str], line: Callable[[str], None]
    ) -> int:
        """Run a program and return its exit code. ``line``: is called with each line of output.
        Raises Canceled."""
        process = self.start(command, environment)
        try:
            for output in process.stdout or ():
                line(output)
            code = process.wait()
        finally:
            self.end(process)
        self.raise_if_canceled()
        return code


async def cancelable[T](work: Callable[[Processes], T]) -> T:
    """Do the work in a thread. If this task is canceled, for example by Ctrl-C, kill the work's
    processes and wait until the thread has ended."""
    processes = Processes()
    task = asyncio.create_task(asyncio.to_thread(work, processes))
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError:
        processes.cancel()
        await asyncio.gather(task, return_exceptions=True)
        raise


def _kill(process: Process) -> None:
    if process.poll() is None:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
