"""The ways to take a text in that ``make bench`` compares: each a server of its own."""

import json
import os
import secrets
import socket
import statistics
import subprocess
import sys
import tempfile
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event
from urllib.error import URLError

from tests.bench.load import TOKEN, URL, Measured
from tests.conftest import postgres_database

CONNECTIONS = 64


@dataclass
class Rung:
    """One way to take a text in. ``command`` starts it; ``budget``: (other rung, least ratio to its
    rate)."""

    name: str
    command: list[str]
    environment: dict[str, str] = field(default_factory=dict)
    budgets: dict[str, float] = field(default_factory=dict)
    port: int = 0
    found: list[Measured] = field(default_factory=list)

    @property
    def rate(self) -> float:
        return statistics.median(m.rate for m in self.found)


def baselines(kind: str, stack: ExitStack) -> list[Rung]:
    """The floor, Patchboard and the naive way, each with a database of its own."""
    home = Path(stack.enter_context(tempfile.TemporaryDirectory()))

    def database(name: str) -> str:
        return (
            f"sqlite:///{home}/{name}.db"
            if kind == "SQLite"
            else stack.enter_context(postgres_database())
        )

    settings = {
        "PATCHBOARD_HOME": str(home),
        "PATCHBOARD_DATABASE_URL": database("product"),
        "PATCHBOARD_SMS_PROVIDER": "twilio",
        "PATCHBOARD_TWILIO_ACCOUNT_SID": "AC" + "0" * 32,
        "PATCHBOARD_TWILIO_AUTH_TOKEN": TOKEN,
        "PATCHBOARD_TWILIO_API_URL": "http://127.0.0.1:1",
        "PATCHBOARD_PUBLIC_URL": URL.removesuffix("/webhooks/twilio/sms"),
        # the bot's turns come after the run: the webhook alone is measured
        "PATCHBOARD_BURST_WINDOW": "3000",
        "PATCHBOARD_DEMO": "1",
    }
    rung = [sys.executable, "-m", "tests.bench.baselines"]
    naive = Rung(f"one INSERT, {'aiosqlite' if kind == 'SQLite' else 'asyncpg'} + SQLAlchemy async",
        [
        *rung, "naive", database("naive"),
    ])  # fmt: skip
    floor = Rung(
        "floor: signature + one durable INSERT, group commit", [*rung, "group", database("group")]
    )
    budgets = {floor.name: 0.5, naive.name: 4.0} if kind == "SQLite" else {naive.name: 1.0}
    product = Rung(
        "Patchboard: the whole inbound webhook",
        [sys.executable, "-m", "handoff_service.cli", "serve"],
        settings,
        budgets,
    )
    return [floor, product, naive]


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
    for _ in range(1200):  # a minute: the first start reads everything from the disk
        if server.poll() is not None:
            break
        try:
            urllib.request.urlopen(f"http://127.0.0.1:{port}/healthz", timeout=1).close()
            return
        except (URLError, OSError):
            Event().wait(0.05)
    raise RuntimeError("the server did not start")


def measured(port: int, count: int) -> Measured:
    """Send so many texts to the server on this port. RuntimeError when one is not taken."""
    arguments = [str(port), str(CONNECTIONS), str(count), secrets.token_hex(4)]
    done = subprocess.run(
        [sys.executable, "-m", "tests.bench.load", *arguments],
        capture_output=True,
        check=True,
        text=True,
    )
    found = Measured(*json.loads(done.stdout))
    if found.failed:
        raise RuntimeError(f"{found.failed} of {count} texts were not answered with 200")
    return found
