"""Starts programs of the bot's environment as forks of a process that has imported Rasa. Run by
.venv-bot, not by pytest.

Usage: fork_server.py FOLDER. The server listens at `forks` in the folder. A connection asks for one
program: a line of JSON with `arguments` (`-m MODULE ...`, a script's path or the arguments of
`rasa`), `environment` and `folder`, and three file descriptors for stdin, stdout and stderr. It
gets a line with the process id, and a line with the exit code when the program has ended. A program
ends with its connection.

The server's stdin is the named pipe `users` in the folder. Each process of the tests that uses the
server keeps it open for writing. The server and its programs end with the last of them.
"""

from __future__ import annotations

import contextlib
import ctypes
import fcntl
import gc
import importlib
import json
import os
import runpy
import select
import signal
import socket
import sys
import threading
import time
import traceback

PRELOAD = (
    "rasa.__main__",
    "rasa.core.agent",
    "rasa.core.run",
    "rasa.core.test",
    "rasa.core.tracker_store",
    "rasa.engine.recipes.default_components",
    "rasa.engine.recipes.graph_recipe",
    "rasa.model_training",
    "rasa.server",
    "rasa.shared.importers.rasa",
    "rasa.validator",
    "skops.io",
    "sqlalchemy",
)
PR_SET_PDEATHSIG = 1


def serve(folder: str) -> None:
    threading.Thread(target=end_with_users, args=(folder,), daemon=True).start()
    for name in PRELOAD:
        importlib.import_module(name)
    # A program must import its own modules, which may be in another folder than the modules
    # imported here.
    own = [name for name in sys.modules if name.split(".")[0] in ("actions", "bot", "tests")]
    assert own == [], own
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(os.path.join(folder, "forks"))
        listening.listen()
        print("ready", flush=True)
        while True:
            connection, _ = listening.accept()
            start(connection)


def end_with_users(folder: str) -> None:
    gone = select.poll()
    gone.register(0, 0)  # reports when no process has the pipe open for writing any more
    gone.poll()
    # at the end of the tests, the folder may already be deleted
    with contextlib.suppress(FileNotFoundError), open(os.path.join(folder, "lock")) as lock:
        # the lock keeps new users from starting to use the server now
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not gone.poll(0):
            return end_with_users(folder)
        os.unlink(os.path.join(folder, "users"))
        os.unlink(os.path.join(folder, "forks"))
    os._exit(0)


def start(connection: socket.socket) -> None:
    text, files = b"", []
    while not text.endswith(b"\n"):
        part, received, _, _ = socket.recv_fds(connection, 65536, 3)
        text += part
        files += received
    order = json.loads(text)
    pid = os.fork()
    if pid == 0:
        connection.close()
        run(order, files)
    for file in files:
        os.close(file)
    program = os.pidfd_open(pid)
    connection.sendall(f"{pid}\n".encode())
    threading.Thread(target=report_end, args=(pid, program, connection), daemon=True).start()


def report_end(pid: int, program: int, connection: socket.socket) -> None:
    select.select([program, connection], [], [])
    # after the program has ended, only a zombie can still have this id
    signal.pidfd_send_signal(program, signal.SIGKILL)
    os.close(program)
    _, status = os.waitpid(pid, 0)
    # the test may have disconnected before the program ended
    with connection, contextlib.suppress(OSError):
        connection.sendall(f"{os.waitstatus_to_exitcode(status)}\n".encode())


def run(order: dict, files: list[int]) -> None:
    """Runs in the fork: starts the program."""
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    # the garbage collector would copy the memory that this process shares with the server
    gc.freeze()
    for number, file in enumerate(files):
        os.dup2(file, number)
        os.close(file)
    os.chdir(order["folder"])
    os.environ.clear()
    os.environ.update(order["environment"])
    time.tzset()
    arguments = order["arguments"]
    sys.path[:0] = [p for p in os.environ.get("PYTHONPATH", "").split(os.pathsep) if p]
    code = 1
    try:
        if arguments[0] == "-m":
            sys.argv = arguments[1:]
            runpy.run_module(arguments[1], run_name="__main__", alter_sys=True)
        elif arguments[0].endswith(".py"):
            sys.argv = arguments
            sys.path.insert(0, os.path.dirname(arguments[0]))
            runpy.run_path(arguments[0], run_name="__main__")
        else:
            sys.argv = ["rasa", *arguments]
            sys.modules["rasa.__main__"].main()
        code = 0
    except SystemExit as end:
        code = 0 if end.code is None else end.code if isinstance(end.code, int) else 1
        if code == 1:
            print(end.code, file=sys.stderr)
    finally:
        if sys.exc_info()[0]:
            traceback.print_exc()
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


if __name__ == "__main__":
    serve(sys.argv[1])
