"""Runs the service in its own process, as in production."""

import os
import secrets
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import requests

from tests.support.forked_service import ForkedService

# seconds after which a start counts as failed
PATIENCE = float(os.environ.get("PATCHBOARD_TEST_PATIENCE", "180"))


@dataclass
class Service:
    """A running service: its address, process and log."""

    url: str
    process: "subprocess.Popen[bytes] | ForkedService"
    log: Path

    def kill(self) -> None:
        """Kill the process at once with SIGKILL, as in a crash."""
        self.process.kill()
        self.process.wait()


def free_port() -> int:
    """Return a free port below the system's range of automatic ports. The system could give a port
    in that range to another test's server.
    """
    while True:
        port = 12_000 + secrets.randbelow(18_000)
        with socket.socket() as probe, suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port


@contextmanager
def running_service(
    home: Path,
    *,
    port: int | None = None,
    program: bool = False,
    constants: Mapping[str, object] | None = None,
    **settings: str,
) -> Iterator[Service]:
    """Run ``patchboard serve`` with these settings (without PATCHBOARD_) until the block ends. It
    is ready when the block begins.

    ``program``: start a new Python process. A fork, which has already imported everything, starts
    two seconds faster. ``constants``: other values for constants of modules, possible only in a
    fork.
    """
    port = port or free_port()
    given = {"HOME": str(home), "PORT": str(port), "BOT_URL": "", "BURST_WINDOW": "0", **settings}
    environment = {
        **_without_ours(os.environ),
        **{f"PATCHBOARD_{name}": value for name, value in given.items()},
    }
    home.mkdir(parents=True, exist_ok=True)
    log = home / "service.log"
    log.touch()
    process = (
        _program(environment, log) if program else ForkedService(environment, constants or {}, log)
    )
    service = Service(f"http://127.0.0.1:{port}", process, log)
    try:
        _wait(service)
        yield service
    finally:
        process.terminate()
        process.wait(20)


def _program(environment: dict[str, str], log: Path) -> "subprocess.Popen[bytes]":
    with log.open("ab") as sink:
        return subprocess.Popen(
            [sys.executable, "-m", "handoff_service.cli", "serve"],
            env=environment,
            stdout=sink,
            stderr=sink,
        )


def _without_ours(environ: Mapping[str, str]) -> dict[str, str]:
    return {name: value for name, value in environ.items() if not name.startswith("PATCHBOARD_")}


def _wait(service: Service) -> None:
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until and service.process.poll() is None:
        try:
            if requests.get(f"{service.url}/readyz", timeout=2).ok:
                return
        except requests.ConnectionError:
            time.sleep(0.05)
    raise AssertionError(f"the service did not start:\n{service.log.read_text()[-4000:]}")
