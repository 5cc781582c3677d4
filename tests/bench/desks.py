"""The servers and databases of the benchmarks. Benchmarks that need the same server share it.

A server runs only while a benchmark uses it. Otherwise its old work, such as facts for reports,
takes the processor from the next benchmark. So the end of a benchmark stops the servers that only
this benchmark used, and suspends the shared ones.
"""

import asyncio
import os
import signal
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from unittest.mock import patch

import requests

from handoff_service import clock
from handoff_service.commands.serve import DEMO
from handoff_service.operations.desk_file import read_desk_file
from handoff_service.operations.desk_file.import_desk import import_desk
from handoff_service.store.engine.migrate import migrate
from handoff_service.store.engine.store import Store
from handoff_service.store.engine.transaction import OperationSettings
from tests.bench import seed, size
from tests.bench.receivers import Receiver, baselines, running
from tests.conftest import postgres_database
from tests.support.demo_home import CHEAP, HASHER
from tests.support.service import Service, running_service

MIA = {"email": "mia@example.com", "password": "mia-demo"}
GRACE = {"email": "grace@example.com", "password": "grace-demo"}
DIRECT = "+18885550200"
PASSWORD = "bench-agent"
STORED = size(1_000_000, 50_000, "STORED")
FEW = 1000
FEW_AGENTS = 4
DESK = f"""
[desk]
name = "Bench"
country = "US"
time_zone = "America/New_York"
[[queues]]
name = "Service desk"
groups = ["Service desk"]
accept_seconds = 3600
[[provider_numbers]]
number = "{DIRECT}"
label = "Direct line"
first_responder = "live_agent"
queue = "Service desk"
"""
AGENT = f"""
[[agents]]
email = "agent{{n}}@example.com"
name = "Agent {{n}}"
password = "{PASSWORD}"
roles = ["agent"]
capacity = 100
groups = ["Service desk"]
"""


def agent(n: int) -> dict[str, str]:
    """Return the e-mail address and password of an agent of the benchmarks' desk."""
    return {"email": f"agent{n}@example.com", "password": PASSWORD}


@dataclass(frozen=True, slots=True)
class Desk:
    """A running service and its database."""

    service: Service
    database: str

    @property
    def kind(self) -> str:
        return "SQLite" if self.database.startswith("sqlite") else "PostgreSQL"

    @property
    def url(self) -> str:
        return self.service.url

    @property
    def port(self) -> int:
        return int(self.url.rsplit(":", 1)[1])

    def memory(self) -> float:
        """Return the resident memory of the service's process, in KB."""
        status = Path(f"/proc/{self.service.process.pid}/status").read_text()
        return float(status.split("VmRSS:")[1].split()[0])

    def processor_seconds(self) -> float:
        """Return the seconds of processor time that the service has used."""
        stat = Path(f"/proc/{self.service.process.pid}/stat").read_text()
        fields = stat.rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


@contextmanager
def database(kind: str) -> Iterator[str]:
    """Create an empty database of this kind, and delete it when the block ends. Yield its
    address.
    """
    with ExitStack() as stack:
        yield open_database(kind, stack)


def open_database(kind: str, stack: ExitStack) -> str:
    if kind == "PostgreSQL":
        return stack.enter_context(postgres_database())
    return f"sqlite:///{stack.enter_context(TemporaryDirectory())}/desk.db"


@dataclass
class Desks:
    """The servers of one database kind."""

    kind: str
    stack: ExitStack = field(default_factory=ExitStack)  #: of what benchmarks share
    _own: ExitStack = field(default_factory=ExitStack)  #: of what only this benchmark uses
    _suspended: set[int] = field(default_factory=set)  #: ids of processes
    _demo: Desk | None = None
    _pasts: dict[int, Desk] = field(default_factory=dict)
    _receivers: list[Receiver] = field(default_factory=list)

    def webhook_receivers(self) -> list[Receiver]:
        """Return the servers that receive texts: the floor, Patchboard and the naive version."""
        return [self._started(receiver) for receiver in self._all_receivers()]

    def product(self) -> Receiver:
        """Return only Patchboard, without the webhook's baselines."""
        return self._started(self._all_receivers()[1])

    def _all_receivers(self) -> list[Receiver]:
        if not self._receivers:
            self._receivers = baselines(
                lambda: open_database(self.kind, self.stack), self.kind, self.stack
            )
        return self._receivers

    def _started(self, receiver: Receiver) -> Receiver:
        if not receiver.port:
            return self.stack.enter_context(running(receiver))
        self._resume(receiver.pid)
        return receiver

    def demo(self) -> Desk:
        """Return the demo desk."""
        self._demo = self._demo or self._desk(self.stack, demo=True)
        self._resume(self._demo.service.process.pid)
        return self._demo

    def past(self, count: int) -> Desk:
        """Return a desk with few agents, this many closed conversations and twenty ongoing ones."""
        if count not in self._pasts:
            made = self._pasts[count] = self._desk(self.stack, agents=FEW_AGENTS)
            seed.ongoing(made.database, count + 1, count + 20)
            seed.closed_interactions(made.database, 1, count)
            seed.index_texts(made.database)
        self._resume(self._pasts[count].service.process.pid)
        return self._pasts[count]

    def desk(
        self, *, agents: int = 0, demo: bool = False, port: int | None = None, **settings: str
    ) -> Desk:
        """Start a new desk for one benchmark. ``agents``: the number of agents, who are all in one
        group. ``demo``: use the people of the demo instead.
        """
        return self._desk(self._own, agents=agents, demo=demo, port=port, **settings)

    def _desk(
        self,
        stack: ExitStack,
        *,
        agents: int = 0,
        demo: bool = False,
        port: int | None = None,
        **settings: str,
    ) -> Desk:
        url = open_database(self.kind, stack)
        home = Path(stack.enter_context(TemporaryDirectory()))
        file = DEMO
        if not demo:
            file = home / "desk.toml"
            file.write_text(DESK + "".join(AGENT.format(n=n) for n in range(agents)))
        asyncio.run(set_up_database(url, file))
        service = running_service(
            home, port=port, constants={HASHER: CHEAP}, DATABASE_URL=url, DEMO="1", **settings
        )
        return Desk(stack.enter_context(service), url)

    def end_benchmark(self) -> None:
        """Stop the servers of one benchmark, and suspend the shared ones."""
        self._own.close()
        receivers = [one.pid for one in self._receivers if one.port]
        desks = [one for one in (self._demo, *self._pasts.values()) if one is not None]
        for pid in (*receivers, *(one.service.process.pid for one in desks)):
            if pid not in self._suspended:
                self._suspended.add(pid)
                os.kill(pid, signal.SIGSTOP)

    def _resume(self, pid: int) -> None:
        if pid in self._suspended:
            self._suspended.remove(pid)
            os.kill(pid, signal.SIGCONT)

    def close(self) -> None:
        self._own.close()
        for pid in [*self._suspended]:
            self._resume(pid)
        self.stack.close()


async def set_up_database(url: str, file: Path) -> None:
    """Migrate a database and import a desk file. Passwords get hashes that are cheap to check."""
    migrate(url)
    store = Store(
        url,
        clock=clock.now,
        settings=OperationSettings(),
        after_commit=lambda _hints, _at: None,
    )
    with patch(HASHER, CHEAP):
        await store.for_long_requests().write(import_desk, read_desk_file.read(file))
    store.close()


@contextmanager
def signed_in(desk: Desk, who: Mapping[str, str]) -> Iterator[requests.Session]:
    """Yield a client in which this person is signed in, for pages and for the API."""
    with requests.Session() as session:
        session.headers["Accept-Encoding"] = "identity"
        session.post(f"{desk.url}/sign-in", data=who, timeout=30).raise_for_status()
        answer = session.post(f"{desk.url}/api/v1/login", json=who, timeout=30)
        session.headers["Authorization"] = f"Bearer {answer.json()['token']}"
        yield session
