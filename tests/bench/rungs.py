"""The ways to receive a text that ``make bench`` compares. Each is a separate server."""

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
class Rung:
    """One way to receive a text. ``command`` starts its server."""

    name: str
    command: list[str]
    environment: dict[str, str] = field(default_factory=dict)
    port: int = 0
    pid: int = 0  #: the process id of the server while it runs


def baselines(database: Callable[[], str], kind: str, stack: ExitStack) -> list[Rung]:
    """The floor, Patchboard and the naive way, each with a new database."""
    home = Path(stack.enter_context(tempfile.TemporaryDirectory()))
    rung = [sys.executable, "-m", "tests.bench.baselines"]
    return [
        Rung(FLOOR, [*rung, "group", database()]),
        product(database(), home),
        Rung(NAIVE[kind], [*rung, "naive", database()]),
    ]


def product(database: str, home: Path, name: str = "Patchboard", **more: str) -> Rung:
    """Patchboard's service. ``more``: further settings, without their prefix."""
    settings = {
        "PATCHBOARD_HOME": str(home),
        "PATCHBOARD_DATABASE_URL": database,
        "PATCHBOARD_SMS_PROVIDER": "twilio",
        "PATCHBOARD_TWILIO_ACCOUNT_SID": "AC" + "0" * 32,
        "PATCHBOARD_TWILIO_AUTH_TOKEN": TOKEN,
        "PATCHBOARD_TWILIO_API_URL": "http://127.0.0.1:1",
        "PATCHBOARD_PUBLIC_URL": URL.removesuffix("/webhooks/twilio/sms"),
        # the bot's turns are due after the run, so that only the webhook is measured
        "PATCHBOARD_BURST_WINDOW": "3000",
        "PATCHBOARD_DEMO": "1",
        **{f"PATCHBOARD_{name}": value for name, value in more.items()},
    }
    return Rung(name, [sys.executable, "-m", "handoff_service.cli", "serve"], settings)


@contextmanager
def running(rung: Rung) -> Iterator[Rung]:
    """The rung's server, from its start to its end."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        rung.port = probe.getsockname()[1]
    command = rung.command if rung.environment else [*rung.command, str(rung.port)]
    environment = {**os.environ, **rung.environment, "PATCHBOARD_PORT": str(rung.port)}
    with (
        tempfile.TemporaryFile() as said,
        subprocess.Popen(command, env=environment, stdout=said, stderr=said) as server,
    ):
        rung.pid = server.pid
        try:
            _wait(rung.port, server)
            yield rung
        except RuntimeError:
            said.seek(0)
            print(said.read().decode()[-3000:], file=sys.stderr)
            raise
        finally:
            server.terminate()


def _wait(port: int, server: "subprocess.Popen[bytes]") -> None:
    for _ in range(3600):  # three minutes: the first start reads everything from the disk
        if server.poll() is not None:
            break
        try:
            urllib.request.urlopen(f"http://127.0.0.1:{port}/healthz", timeout=1).close()
            return
        except (URLError, OSError):
            Event().wait(0.05)
    raise RuntimeError("the server did not start")


def measured(port: int, count: int) -> Measured:
    """Send this many texts to the server on this port. RuntimeError if a text is not accepted."""
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
