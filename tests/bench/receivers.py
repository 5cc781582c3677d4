"""The servers whose webhooks ``make bench`` compares."""

import json
import os
import secrets
import socket
import subprocess
import sys
import tempfile
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event
from urllib.error import URLError

from tests.bench.load import TOKEN, URL, Measured

CONNECTIONS = 64
FLOOR = "signature and one durable INSERT, group commit"
NAIVE = {
    "SQLite": "one INSERT, SQLAlchemy's asyncio with aiosqlite",
    "PostgreSQL": "one INSERT, SQLAlchemy's asyncio with asyncpg",
}


@dataclass
class Receiver:
    """A server that receives texts. ``command`` starts it."""

    name: str
    command: list[str]
    environment: dict[str, str] = field(default_factory=dict)
    port: int = 0
    pid: int = 0  #: the process id of the server while it runs


def baselines(database: Callable[[], str], kind: str, stack: ExitStack) -> list[Receiver]:
    """Return the floor, Patchboard and the naive version, each with a new database."""
    home = Path(stack.enter_context(tempfile.TemporaryDirectory()))
    command = [sys.executable, "-m", "tests.bench.baselines"]
    return [
        Receiver(FLOOR, [*command, "group", database()]),
        product(database(), home),
        Receiver(NAIVE[kind], [*command, "naive", database()]),
    ]


def product(database: str, home: Path, name: str = "Patchboard", **more: str) -> Receiver:
    """Return Patchboard's service. ``more``: further settings, without their prefix."""
    settings = {
        "PATCHBOARD_HOME": str(home),
        "PATCHBOARD_DATABASE_URL": database,
        "PATCHBOARD_SMS_PROVIDER": "twilio",
        "PATCHBOARD_TWILIO_ACCOUNT_SID": "AC" + "0" * 32,
        "PATCHBOARD_TWILIO_AUTH_TOKEN": TOKEN,
        "PATCHBOARD_TWILIO_API_URL": "http://127.0.0.1:1",
        "PATCHBOARD_PUBLIC_URL": URL.removesuffix("/webhooks/twilio/sms"),
        # Bot turns are due only after the run, so that the run measures only the webhook.
        "PATCHBOARD_BURST_WINDOW": "3000",
        "PATCHBOARD_DEMO": "1",
        **{f"PATCHBOARD_{name}": value for name, value in more.items()},
    }
    return Receiver(name, [sys.executable, "-m", "handoff_service.cli", "serve"], settings)


@contextmanager
def running(receiver: Receiver) -> Iterator[Receiver]:
    """Run the receiver until the block ends."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        receiver.port = probe.getsockname()[1]
    command = receiver.command if receiver.environment else [*receiver.command, str(receiver.port)]
    environment = {**os.environ, **receiver.environment, "PATCHBOARD_PORT": str(receiver.port)}
    with (
        tempfile.TemporaryFile() as said,
        subprocess.Popen(command, env=environment, stdout=said, stderr=said) as server,
    ):
        receiver.pid = server.pid
        try:
            _wait(receiver.port, server)
            yield receiver
        except RuntimeError:
            said.seek(0)
            print(said.read().decode()[-3000:], file=sys.stderr)
            raise
        finally:
            server.terminate()


def _wait(port: int, server: "subprocess.Popen[bytes]") -> None:
    for _ in range(3600):  # three minutes, because the first start reads everything from the disk
        if server.poll() is not None:
            break
        try:
            urllib.request.urlopen(f"http://127.0.0.1:{port}/healthz", timeout=1).close()
            return
        except (URLError, OSError):
            Event().wait(0.05)
    raise RuntimeError("the server did not start")


def measured(port: int, count: int) -> Measured:
    """Send this many texts to the server on this port. Raise RuntimeError if it does not accept a
    text.
    """
    found = sent(port, count)
    if found.failed:
        raise RuntimeError(f"{found.failed} of {count} texts were not answered with 200")
    return found


def sent(port: int, count: int, *strangers: str) -> Measured:
    """Send this many texts to the server on this port. ``strangers``: see ``load.py``."""
    arguments = [str(port), str(CONNECTIONS), str(count), secrets.token_hex(4), *strangers]
    done = subprocess.run(
        [sys.executable, "-m", "tests.bench.load", *arguments],
        capture_output=True,
        check=True,
        text=True,
    )
    return Measured(*json.loads(done.stdout))
