"""Runs ``patchboard serve`` in a separate process without importing the program each time.

The import takes most of the start-up time. Each test process has a fork server that imports the
program once, and every service is a fork of that server.
"""

import gc
import importlib
import multiprocessing
import os
import signal
import sys
import threading
import time
from collections.abc import Mapping
from pathlib import Path
from subprocess import TimeoutExpired

_FORKS = multiprocessing.get_context("forkserver")
_FORKS.set_forkserver_preload(
    ["handoff_service.cli", "tests.support.forked_service", "tests.support.warm_templates"]
)


class ForkedService:
    """A running service with the part of ``subprocess.Popen``'s interface that tests use."""

    def __init__(
        self, environment: dict[str, str], constants: Mapping[str, object], log: Path
    ) -> None:
        self._process = _FORKS.Process(target=_serve, args=(environment, constants, log))
        self._process.start()
        assert self._process.pid is not None
        self.pid = self._process.pid

    @property
    def returncode(self) -> int | None:
        return self._process.exitcode

    def poll(self) -> int | None:
        """Return the exit code, or None while the service runs."""
        return self._process.exitcode

    def send_signal(self, number: int) -> None:
        if self.poll() is None:
            os.kill(self.pid, number)

    def terminate(self) -> None:
        self.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)

    def wait(self, timeout: float | None = None) -> int:
        """Wait for the end, and return the exit code."""
        self._process.join(timeout)
        code = self.poll()
        if code is None:
            raise TimeoutExpired("patchboard serve", timeout or 0)
        return code


def _serve(environment: dict[str, str], constants: Mapping[str, object], log: Path) -> None:
    """Run the service. This function runs in the fork."""
    from handoff_service import cli

    # The collector would copy the memory that this process shares with the fork server.
    gc.freeze()
    threading.Thread(target=_end_with_tests, daemon=True).start()

    with log.open("ab") as sink:
        for standard in (1, 2):
            os.dup2(sink.fileno(), standard)
    os.environ.clear()
    os.environ.update(environment)
    time.tzset()
    for name, value in constants.items():
        module, _, constant = name.rpartition(".")
        setattr(importlib.import_module(module), constant, value)
    sys.exit(cli.main(["serve"]))


def _end_with_tests() -> None:
    """End the service when the test process ends. If the service kept running, it would send texts
    to the next fake provider on that port.
    """
    tests = multiprocessing.parent_process()
    assert tests is not None
    tests.join()
    os._exit(1)
