"""Measures one, two and four processes on one PostgreSQL and one Redis, and gives the measured
times to a queueing model.

The load generator, the service and the database share this machine's cores. One process already
keeps the cores busy, so more processes cannot receive more texts here. The rows therefore have no
budget, and their ratios show only the cost of smaller commits. From each text's processor time and
lock waits, the model computes the rates of processes on separate hosts.

The runs alternate between texts in conversations with the virtual agent and first texts for live
agents.
"""

import asyncio
import os
import signal
import statistics
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import LiteralString

import psycopg

from handoff_service.commands.serve import DEMO
from handoff_service.operations.routing.offer_work import AT_ONCE
from tests.bench import lock_holds, size
from tests.bench.desks import DIRECT, Desks, open_database, set_up_database
from tests.bench.load import Measured
from tests.bench.lock_holds import Timed
from tests.bench.postgres_watch import Watched, deadlocks, processes_of, watching
from tests.bench.queueing import Batched, Station, bound, fit, in_order, response
from tests.bench.receivers import CONNECTIONS, Receiver, product, running, sent
from tests.bench.report import figure, table
from tests.bench.result import Result, ratios, spread
from tests.conftest import POSTGRES
from tests.gateways.test_fanout import REDIS

PROCESSES = (1, 2, 4)
HOSTS = (1, 2, 10, 100)
HOST_CORES = 2  #: processor cores of a host for the service, as on this machine
DATABASE_CORES = (2, 16)  #: processor cores of the database's own machine
TEXTS = size(4000, 300, "TEXTS")
ROUNDS = size(4, 2, "ROUNDS")
#: Numbers of texts in a transaction. Several sizes separate the cost of a transaction from that of
#: a text.
BATCHES = (1, 8, 32)
BATCH_ROUNDS = size(40, 4)
KNOWN, FIRST = "known conversations", "first texts, nobody there"
SETTLES_WITHIN = 15.0  # seconds
STARTS_WITHIN = 120.0  # seconds, for all processes of a service
_ALL_STARTED: LiteralString = "SELECT count(*) > %s FROM lane_commits"
_NO_RUN_DUE: LiteralString = """
SELECT NOT EXISTS (SELECT FROM due_work WHERE kind = 'offer_work' AND due_at <= now())
"""
COMFORT = 0.7  #: the share of the bound at which the model's response time is printed


@dataclass
class Measurements:
    """All rounds with one number of processes and one kind of text."""

    rates: list[float] = field(default_factory=list)
    texts: int = 0  #: number of accepted texts
    refused: int = 0
    watched: list[Watched] = field(default_factory=list)

    def each(self, what: str) -> float:
        """Return the seconds, bytes or transactions for each text."""
        return sum(getattr(one, what) for one in self.watched) / self.texts

    @property
    def service(self) -> float:
        """Return the processor seconds of all of the service's processes for each text."""
        return sum(sum(one.service) for one in self.watched) / self.texts

    @property
    def busiest(self) -> float:
        """Return the share of the service's processor time that its busiest process used."""
        return statistics.mean(max(one.service) / (sum(one.service) or 1) for one in self.watched)

    def spent(self) -> dict[str, float]:
        """Return activity of the database's connections -> seconds for each text."""
        kinds = {kind for one in self.watched for kind in one.spent}
        found = {kind: sum(one.spent[kind] for one in self.watched) / self.texts for kind in kinds}
        return dict(sorted(found.items(), key=lambda one: -one[1]))

    def waits(self, kind: str) -> float:
        return sum(seconds for name, seconds in self.spent().items() if name.startswith(kind))


def measure(desks: Desks) -> Iterator[Result]:
    if desks.kind != "PostgreSQL":  # SQLite has one process
        return
    with ExitStack() as stack:
        databases = [open_database(desks.kind, stack) for _ in PROCESSES]
        found = {(count, kind): Measurements() for count in PROCESSES for kind in (KNOWN, FIRST)}
        _take_turns(databases, found)
        ended = [deadlocks(url.rpartition("/")[2]) for url in databases]
        holds = _holds(open_database(desks.kind, stack))
    for kind in (KNOWN, FIRST):
        yield from _rates(kind, [found[count, kind] for count in PROCESSES])
    print(_page(found, holds, dict(zip(PROCESSES, ended, strict=True))), flush=True)
    for kind in (KNOWN, FIRST):
        yield from _model(kind, found[1, kind], holds)


def _take_turns(databases: Sequence[str], found: Mapping[tuple[int, str], Measurements]) -> None:
    """Start all services, and send texts to one service after the other. Only the service that gets
    texts runs: the others are stopped, because they still have work from their last texts.
    """
    with ExitStack() as stack:
        receivers = []
        for count, url in zip(PROCESSES, databases, strict=True):
            home = Path(stack.enter_context(TemporaryDirectory()))
            receiver = product(url, home, WORKERS=str(count), REDIS_URL=REDIS)
            receivers.append(
                (count, url.rpartition("/")[2], stack.enter_context(running(receiver)))
            )
            # the lanes of each process and of the earlier import
            _until(receivers[-1][1], _ALL_STARTED, STARTS_WITHIN, count)
            stack.enter_context(_stopped(receiver.pid))
        for turn in range(ROUNDS + 1):
            for count, database, receiver in receivers:
                for kind in (KNOWN, FIRST):
                    with _continued(receiver.pid):
                        one, watched = _text(receiver, database, kind, turn)
                    if turn:  # the first round is a warm-up
                        into = found[count, kind]
                        into.rates.append(one.rate * (1 - one.failed / TEXTS))
                        into.texts += TEXTS - one.failed
                        into.refused += one.failed
                        into.watched.append(watched)


@contextmanager
def _stopped(pid: int) -> Iterator[None]:
    """The service's processes do not run until the block ends."""
    _signal(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        _signal(pid, signal.SIGCONT)


@contextmanager
def _continued(pid: int) -> Iterator[None]:
    """The service's stopped processes run until the block ends."""
    _signal(pid, signal.SIGCONT)
    try:
        yield
    finally:
        _signal(pid, signal.SIGSTOP)


def _signal(pid: int, number: signal.Signals) -> None:
    for one in processes_of(pid):
        os.kill(one, number)


def _text(receiver: Receiver, database: str, kind: str, turn: int) -> tuple[Measured, Watched]:
    with watching(database, processes_of(receiver.pid)) as watched:
        # from numbers that have never texted, or from numbers that text often
        strangers = (DIRECT, f"+1{305 + turn}") if kind == FIRST else ()
        one = sent(receiver.port, TEXTS, *strangers)
        # Wait until the offer runs have handled all texts, because their work is part of a text's
        # cost.
        _until(database, _NO_RUN_DUE, SETTLES_WITHIN)
    return one, watched


def _until(database: str, query: LiteralString, within: float, *given: object) -> None:
    """Wait until a query returns true, but at most this many seconds."""
    until = time.monotonic() + within
    with psycopg.connect(POSTGRES.rsplit("/", 1)[0] + "/" + database, autocommit=True) as conn:
        while time.monotonic() < until:
            row = conn.execute(query, given).fetchone()
            if row is None or row[0]:
                return
            time.sleep(0.05)


def _holds(url: str) -> dict[int, dict[str, Timed]]:
    """Return size of a batch -> kind of transaction -> its times."""
    asyncio.run(set_up_database(url, DEMO))
    return {batch: asyncio.run(lock_holds.measured(url, batch, BATCH_ROUNDS)) for batch in BATCHES}


def _rates(kind: str, found: Sequence[Measurements]) -> Iterator[Result]:
    alone = found[0].rates
    one = spread(alone)
    yield Result(
        what=f"{kind}: texts a second, 1 process",
        database="PostgreSQL",
        value=one.middle,
        unit="/s",
        low=one.low,
        high=one.high,
    )
    for count, these in zip(PROCESSES[1:], found[1:], strict=True):
        compared = ratios(these.rates, alone)
        yield Result(
            what=f"{kind}: texts a second, {count} processes",
            database="PostgreSQL",
            value=statistics.median(these.rates),
            unit="/s",
            floor="1 process in the same run",
            ratio=compared.middle,
            low=compared.low,
            high=compared.high,
        )


# The model ----------------------------------------------------------------------------------------


def stations(
    kind: str, one: Measurements, holds: Mapping[int, Mapping[str, Timed]], cores: int
) -> list[Station]:
    """Return the stations of a text, with the times of one process."""
    made = [
        Station(
            name=f"service's processor, {HOST_CORES} cores on each host",
            demand=one.service,
            servers=HOST_CORES,
            per_host=True,
        ),
        Station(
            name=f"database's processor, {cores} cores", demand=one.each("database"), servers=cores
        ),
        # One flush commits all writes since the previous flush.
        Station(name="flush of the WAL", demand=one.waits("IO: WALSync"), per_host=True),
    ]
    batch = _batch(one)
    rows: Counter[str] = Counter()
    for name, held in _held(holds, "known" if kind == KNOWN else "first").items():
        rows[name] += held.demand(batch)  # type: ignore[assignment]
    if kind == FIRST:  # A run offers many of the waiting items.
        for name, held in _held(holds, "offer").items():
            rows[name] += held.demand(AT_ONCE)  # type: ignore[assignment]
        run = _per_transaction(holds, "offer", lambda one: one.seconds)
        made.append(
            Station(name="offer runs, one at a time for the desk", demand=run.demand(AT_ONCE))
        )
    return made + [Station(name=name, demand=seconds) for name, seconds in rows.items()]


def replies(one: Measurements, holds: Mapping[int, Mapping[str, Timed]]) -> list[Station]:
    """Return the rows that one reply to each text would lock if all texts went to one company
    number. The other costs of a reply are not measured here.
    """
    return [
        Station(name=f"one reply to each text: {name}", demand=held.demand(_batch(one)))
        for name, held in _held(holds, "send").items()
    ]


def _batch(one: Measurements) -> float:
    """Return the number of texts in a transaction."""
    return max(one.texts / max(sum(w.transactions for w in one.watched), 1), 1)


def _held(holds: Mapping[int, Mapping[str, Timed]], word: str) -> dict[str, Batched]:
    """Return shared row -> how long transactions of this kind hold it."""
    names = {name for of in holds.values() for name in of[word].held}
    found = {}
    for name in sorted(names):

        def held(one: Timed, name: str = name) -> float:
            return one.held.get(name, 0.0)

        found[name] = _per_transaction(holds, word, held)
    return found


def _per_transaction(
    holds: Mapping[int, Mapping[str, Timed]], word: str, seconds: Callable[[Timed], float]
) -> Batched:
    """Return the time of a transaction of this kind, and the time that each text adds. A run of
    offers handles the texts that arrived since the previous run.
    """
    points = []
    for of in holds.values():
        one = of[word]
        texts = of["first"].commands if word == "offer" else one.commands
        if one.transactions:
            points.append((texts / one.transactions, seconds(one) / one.transactions))
    return fit(points)


def _model(
    kind: str, one: Measurements, holds: Mapping[int, Mapping[str, Timed]]
) -> Iterator[Result]:
    cores = DATABASE_CORES[-1]
    these = stations(kind, one, holds, cores)
    for hosts in HOSTS[-2:]:
        found = bound(these, hosts)
        yield Result(
            what=f"model, {kind}: at most with {hosts} hosts and {cores} cores of the database. "
            f"First limit: {found.station.name}",
            database="PostgreSQL",
            value=found.rate,
            unit="/s",
            low=found.rate,
            high=found.rate,
        )


# The page -----------------------------------------------------------------------------------------


def _page(
    found: Mapping[tuple[int, str], Measurements],
    holds: Mapping[int, Mapping[str, Timed]],
    ended: Mapping[int, int],
) -> str:
    """Return the times of a text and the model's stations, as Markdown."""
    parts = [_costs(found, ended)]
    for kind in (KNOWN, FIRST):
        parts.append(f"{kind}: what the database's connections did, µs for each text")
        parts.append(_spent([found[count, kind] for count in PROCESSES]))
    parts.append(f"transactions of one lane without contention, {CONNECTIONS} or fewer texts")
    parts.append(_transactions(holds))
    parts.append(_index_row(holds))
    for kind in (KNOWN, FIRST):
        for cores in DATABASE_CORES:
            parts.append(f"model: {kind}, a database with {cores} cores")
            one = found[1, kind]
            parts.append(_stations(stations(kind, one, holds, cores), replies(one, holds)))
    return "\n\n".join(["", *parts, ""])


def _costs(found: Mapping[tuple[int, str], Measurements], ended: Mapping[int, int]) -> str:
    head = (
        "texts", "processes", "texts/s", "refused", "texts in a commit", "service, µs of processor",
        "of it the busiest process", "database, µs of processor", "WAL, bytes", "lock waits, µs",
        "deadlocks in all",
    )  # fmt: skip
    rows = [
        (
            kind,
            str(count),
            figure(statistics.median(one.rates)),
            str(one.refused),
            figure(1 / one.each("transactions")) if one.each("transactions") else "",
            figure(one.service * 1e6),
            f"{one.busiest:.0%}",
            figure(one.each("database") * 1e6),
            figure(one.each("wal_bytes")),
            figure(one.waits("lock: ") * 1e6),
            str(ended[count]),
        )
        for (count, kind), one in found.items()
    ]
    return table(head, rows)


def _spent(found: Sequence[Measurements], most: int = 14) -> str:
    kinds: dict[str, None] = {}
    for one in found:
        kinds |= dict.fromkeys(list(one.spent())[:most])
    columns = [one.spent() for one in found]
    rows = [
        (kind, *(figure(of.get(kind, 0.0) * 1e6) for of in columns))
        for kind in sorted(kinds, key=lambda kind: -max(of.get(kind, 0.0) for of in columns))
    ]
    return table(("", *(f"{count} processes" for count in PROCESSES)), rows)


def _transactions(holds: Mapping[int, Mapping[str, Timed]]) -> str:
    rows = []
    for batch, kinds in holds.items():
        for name, one in kinds.items():
            if not one.transactions:
                continue
            held = ", ".join(
                f"{row}: {figure(seconds / one.transactions * 1000)}"
                for row, seconds in one.held.items()
            )
            each = (x / one.transactions * 1000 for x in (one.seconds, one.statements, one.commits))
            rows.append((name, str(batch), *map(figure, each), held))
    head = ("transaction", "batch", "ms", "of it statements", "of it COMMIT", "rows held, ms")
    return table(head, rows)


def _index_row(holds: Mapping[int, Mapping[str, Timed]]) -> str:
    """Return how busy the hosts keep the row that schedules indexing. Each process schedules a run
    once a second.
    """
    of = holds[BATCHES[-1]]
    held = sum(
        of[name].held.get(lock_holds.INDEX_RUN, 0.0) / of[name].transactions
        for name in ("ask_index", "index")
    )
    shares = ", ".join(f"{hosts} hosts {hosts * HOST_CORES * held:.0%}" for hosts in HOSTS)
    return f"busy share of the {lock_holds.INDEX_RUN}, {HOST_CORES} processes a host: {shares}"


def _stations(these: Sequence[Station], aside: Iterable[Station]) -> str:
    """Return the stations as table rows. ``aside``: stations that do not count for the bound."""
    bounds = [bound(these, hosts) for hosts in HOSTS]

    def row(one: Station) -> tuple[str, ...]:
        busy = (f"{one.utilization(found.hosts, found.rate):.0%}" for found in bounds)
        return (one.name, figure(one.demand * 1e6), *busy)

    rows = [row(one) for one in in_order(these, HOSTS[-1])]
    rows.append(("**most texts/s**", "", *(figure(found.rate) for found in bounds)))
    rows.append(
        (
            f"ms of a text at {COMFORT:.0%} of it",
            "",
            *(
                figure(response(these, found.hosts, COMFORT * found.rate) * 1000)
                for found in bounds
            ),
        )
    )
    rows += map(row, aside)
    return table(("station", "µs for each text", *(f"{hosts} hosts" for hosts in HOSTS)), rows)
