"""Measures the activity of PostgreSQL and of the service's processes while texts arrive."""

import itertools
import os
import re
import threading
import time
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import psycopg

from tests.conftest import POSTGRES

EVERY = 0.01  # seconds between two samples of the connections
SERVERS_EVERY = 10  # samples between two looks at PostgreSQL's processes
_ACTIVE = """
SELECT state, wait_event_type, wait_event, left(query, 400) FROM pg_stat_activity
WHERE datname = %s AND pid <> pg_backend_pid()
  AND state IN ('active', 'idle in transaction')
"""
_SERVERS = """
SELECT pid FROM pg_stat_activity
WHERE (datname = %s OR datname IS NULL) AND pid <> ALL(%s)
"""
_COUNTERS = """
SELECT pg_wal_lsn_diff(pg_current_wal_insert_lsn(), '0/0'), sum(number) FROM lane_commits
"""
_DEADLOCKS = "SELECT deadlocks FROM pg_stat_database WHERE datname = %s"
_TABLE = re.compile(r"\b(?:INTO|UPDATE|FROM) +(?:ONLY +)?\"?(\w+)", re.IGNORECASE)


@dataclass(slots=True)
class Watched:
    """The measurements of ``watching``."""

    seconds: float = 0.0
    service: list[float] = field(default_factory=list)  #: processor seconds of each process
    database: float = 0.0  #: processor seconds of PostgreSQL's processes
    transactions: int = 0  #: commits of the lanes
    wal_bytes: int = 0  #: commits in all databases
    #: activity of connections (a statement, or the event that they wait for) -> connections ×
    #: seconds
    spent: Counter[str] = field(default_factory=Counter)

    def seconds_in(self, kind: str) -> float:
        """Return the seconds that connections spent in activities that begin with this word."""
        return sum(seconds for name, seconds in self.spent.items() if name.startswith(kind))


class Servers:
    """The processor time of PostgreSQL's processes. Call ``look`` regularly, because connections
    begin and end meanwhile. For example, a service that was stopped for a while opens its
    connections again.
    """

    def __init__(self, database: str, own: psycopg.Connection) -> None:
        self._database, self._own = database, own.info.backend_pid
        self._began: dict[int, float] = {}
        self._last: dict[int, float] = {}
        self.look(own)
        self._began = dict(self._last)

    def look(self, conn: psycopg.Connection) -> None:
        watchers = [self._own, conn.info.backend_pid]
        for (pid,) in conn.execute(_SERVERS, [self._database, watchers]):
            # A process that has just ended keeps the time of the previous look.
            self._last[pid] = max(processor_seconds(pid), self._last.get(pid, 0.0))

    @property
    def seconds(self) -> float:
        """Return the processor time since the beginning."""
        return sum(last - self._began.get(pid, 0.0) for pid, last in self._last.items())


@contextmanager
def watching(database: str, service: Iterable[int]) -> Iterator[Watched]:
    """Watch the database of this name and these processes until the block ends."""
    found, ended, pids = Watched(), threading.Event(), list(service)
    address = POSTGRES.rsplit("/", 1)[0] + "/" + database
    with psycopg.connect(address, autocommit=True) as own:
        before, began = _counters(own), time.monotonic()
        servers = Servers(database, own)
        service_before = [processor_seconds(pid) for pid in pids]
        sampler = threading.Thread(target=_sample, args=(database, found.spent, ended, servers))
        sampler.start()
        try:
            yield found
        finally:
            found.seconds = time.monotonic() - began
            found.service = [
                processor_seconds(pid) - was for pid, was in zip(pids, service_before, strict=True)
            ]
            ended.set()
            sampler.join()
            servers.look(own)
            found.database = servers.seconds
        found.wal_bytes, found.transactions = (
            int(now - was) for now, was in zip(_counters(own), before, strict=True)
        )


def deadlocks(database: str) -> int:
    """Return the number of deadlocks that PostgreSQL has ended in the database. A connection
    reports its deadlocks only when it closes.
    """
    with psycopg.connect(POSTGRES, autocommit=True) as admin:
        row = admin.execute(_DEADLOCKS, [database]).fetchone()
        return int(row[0]) if row else 0


def processes_of(pid: int) -> list[int]:
    """Return the ids of the processes that serve: a supervisor's workers, or the process itself."""
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return [int(child) for child in children] or [pid]


def processor_seconds(pid: int) -> float:
    """Return the seconds of processor time that a process has used, or 0 after it has ended."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0.0
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def kind_of(state: str, wait_type: str | None, wait: str | None, query: str) -> str:
    """Return a word for a connection's activity: its statement or the event that it waits for."""
    words = query.split(maxsplit=1)
    verb = words[0].upper() if words else ""
    table = _TABLE.search(query)
    statement = f"{verb} {table[1]}" if table and verb != "COMMIT" else verb
    if state == "idle in transaction":
        return "the service, inside a transaction"
    if wait_type == "Lock":
        return f"lock: {statement} ({wait})"
    if wait_type in ("LWLock", "IO"):
        return f"{wait_type}: {wait}"
    if wait_type:
        return f"{wait_type}: {wait}, {statement}"
    return f"work: {statement}"


def _sample(database: str, spent: "Counter[str]", ended: threading.Event, servers: Servers) -> None:
    with psycopg.connect(POSTGRES, autocommit=True) as conn:
        last, samples = time.monotonic(), itertools.count()
        while not ended.wait(EVERY):
            if next(samples) % SERVERS_EVERY == 0:
                servers.look(conn)
            rows = conn.execute(_ACTIVE, [database]).fetchall()
            now = time.monotonic()
            for row in rows:
                spent[kind_of(*row)] += now - last  # type: ignore[assignment]
            last = now


def _counters(conn: psycopg.Connection) -> tuple[int, int]:
    row = conn.execute(_COUNTERS).fetchone()
    return (int(row[0] or 0), int(row[1] or 0)) if row else (0, 0)
