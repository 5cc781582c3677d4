"""Starts programs in the bot's environment without importing Rasa each time.

The import takes most of the start-up time. A fork server imports Rasa once for all test processes,
and every program is a fork of that server. See tests/bot/fork_server.py.
"""

from __future__ import annotations

import errno
import fcntl
import functools
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from subprocess import TimeoutExpired

from handoff_service.bot_control.fingerprint import ROOT
from handoff_service.bot_control.rasa_environment import RASA, environment
from tests.support.run_folder import run_folder

BOT_PYTHON = RASA.with_name("python")


class BotProgram:
    """A running program with the part of ``subprocess.Popen``'s interface that tests use."""

    def __init__(
        self,
        arguments: Sequence[str | Path],
        environment: Mapping[str, str],
        *,
        output: Path,
        errors: Path | None = None,
        given: str = "",
    ) -> None:
        """``arguments``: ``-m MODULE ...``, a script with its arguments, or the arguments of
        ``rasa``. ``given``: the program's stdin. Without ``errors``, its stderr also goes to
        ``output``.
        """
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
        """Return the exit code, or None while the program runs."""
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
    """Run a program until it ends. ``variables`` are added to the environment variables of
    ``home``.
    """
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
def forked_python() -> str:
    """Return a program that takes the same arguments as the bot's Python. It starts six seconds
    faster, because it requests a fork from the fork server.
    """
    _server()
    path = _folder() / f"python-{os.getpid()}"
    path.write_text(_FORKED_PYTHON)
    path.chmod(0o700)
    return str(path)


_FORKED_PYTHON = f"""#!{sys.executable} -IS
import json, os, socket, sys

connection = socket.socket(socket.AF_UNIX)
connection.connect(os.path.join(os.path.dirname(sys.argv[0]), "forks"))
order = {{"arguments": sys.argv[1:], "environment": dict(os.environ), "folder": os.getcwd()}}
socket.send_fds(connection, [json.dumps(order).encode() + b"\\n"], [0, 1, 2])
for number in (0, 1):
    os.close(number)
_, code = connection.makefile()
os._exit(int(code) % 256)
"""


@functools.cache
def _server() -> str:
    """Return the address of the fork server. The server stops with the last test process that uses
    it.
    """
    folder = _folder()
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not _use(folder / "users"):
            _start(folder)
    return str(folder / "forks")


def _folder() -> Path:
    folder = run_folder() / "bot"
    folder.mkdir(exist_ok=True)
    return folder


def _use(users: Path) -> bool:
    """Keep the server running as long as this process runs. Return False if there is no server."""
    try:
        os.open(users, os.O_WRONLY | os.O_NONBLOCK)  # stays open until this process ends
    except OSError as error:
        if error.errno not in (errno.ENOENT, errno.ENXIO):
            raise
        return False
    return True


def _start(folder: Path) -> None:
    for left in ("users", "forks"):  # left over from a server that failed
        (folder / left).unlink(missing_ok=True)
    os.mkfifo(folder / "users")
    users = os.open(folder / "users", os.O_RDONLY | os.O_NONBLOCK)
    assert _use(folder / "users")
    process = subprocess.Popen(
        [BOT_PYTHON, ROOT / "tests" / "bot" / "fork_server.py", folder],
        cwd=ROOT,
        env=environment(folder),
        stdin=users,
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    os.close(users)
    assert process.stdout is not None
    ready = process.stdout.readline()
    assert ready == "ready\n", "the fork server did not start"
    _started.append(process)


# Keep the object, because Python warns when it deletes the object of a running process.
_started: list[subprocess.Popen[str]] = []
