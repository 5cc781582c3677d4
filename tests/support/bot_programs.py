"""Programs of the bot's environment that need not import Rasa.

Importing takes most of a start. A fork server imports once for each process of the tests, and every
program is a fork of it: see tests/bot/fork_server.py.
"""

from __future__ import annotations

import functools
import json
import os
import signal
import socket
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from subprocess import TimeoutExpired

from handoff_service.bot_control.fingerprint import ROOT
from handoff_service.bot_control.rasa_environment import RASA, environment

BOT_PYTHON = RASA.with_name("python")


class BotProgram:
    """A running program, with what tests use of ``subprocess.Popen``."""

    def __init__(
        self,
        arguments: Sequence[str | Path],
        environment: Mapping[str, str],
        *,
        output: Path,
        errors: Path | None = None,
        given: str = "",
    ) -> None:
        """``arguments``: ``-m MODULE ...``, a script with its arguments, or those of ``rasa``.
        ``given``: its stdin. Without ``errors``, these are in ``output`` too."""
        self._connection = socket.socket(socket.AF_UNIX)
        self._connection.connect(_server())
        order = {
            "arguments": [str(argument) for argument in arguments],
            "environment": dict(environment),
            "folder": str(ROOT),
        }
        with (
            tempfile.TemporaryFile() as stdin,
            output.open("wb") as stdout,
            (errors or output).open("ab") as stderr,
        ):
            stdin.write(given.encode())
            stdin.seek(0)
            files = [one.fileno() for one in (stdin, stdout, stderr if errors else stdout)]
            socket.send_fds(self._connection, [json.dumps(order).encode() + b"\n"], files)
            self._lines = self._connection.makefile()
            self.pid = int(self._lines.readline())
        self.returncode: int | None = None

    def poll(self) -> int | None:
        """The exit code, or None while the program runs."""
        try:
            return self.wait(0)
        except TimeoutExpired:
            return None

    def wait(self, timeout: float | None = None) -> int:
        """Wait for the end, and return the exit code."""
        if self.returncode is None:
            self._connection.settimeout(timeout)
            try:
                self.returncode = int(self._connection.recv(16))
            except (TimeoutError, BlockingIOError):
                raise TimeoutExpired("a program of the bot", timeout or 0) from None
            self._connection.close()
        return self.returncode

    def terminate(self) -> None:
        if self.poll() is None:
            os.kill(self.pid, signal.SIGTERM)

    def kill(self) -> None:
        if self.poll() is None:
            os.kill(self.pid, signal.SIGKILL)


def run_program(
    *arguments: str | Path, home: Path, given: str = "", timeout: float = 300, **variables: str
) -> subprocess.CompletedProcess[str]:
    """Run a program to its end. ``variables``: added to the environment variables of ``home``."""
    with tempfile.TemporaryDirectory() as folder:
        output, errors = Path(folder) / "output", Path(folder) / "errors"
        program = BotProgram(
            arguments, environment(home) | variables, output=output, errors=errors, given=given
        )
        try:
            code = program.wait(timeout)
        finally:
            program.kill()
        return subprocess.CompletedProcess(arguments, code, output.read_text(), errors.read_text())


@functools.cache
def _server() -> str:
    """The address of the fork server of this process, which ends with this process."""
    address = str(Path(tempfile.mkdtemp(prefix="bot-")) / "forks")
    process = subprocess.Popen(
        [BOT_PYTHON, ROOT / "tests" / "bot" / "fork_server.py", address],
        cwd=ROOT,
        env=environment(Path(address).parent),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    ready = process.stdout.readline()
    assert ready == "ready\n", "the fork server did not start"
    _running.append(process)
    return address


_running: list[subprocess.Popen[str]] = []  # keeps the pipe open
