"""Times the transactions of the lanes, and names the work of each transaction.

The times include waits for the disk. They leave out the time for which the lane's thread or
PostgreSQL's server process was ready to run while other programs had the processor. That time is
zero on an idle machine. If both waited at the same moment, it is subtracted twice. A transaction
therefore counts with at least its processor time.

Like the service, this module excludes the objects of its start from garbage collection.
"""

import gc
import os
import threading
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from unittest import mock

import sqlalchemy as sa

from handoff_service.store.engine import batches, units
from handoff_service.store.engine.claims import HeldClaim
from handoff_service.store.engine.store import Store
from tests.bench.report import table
from tests.bench.result import Result, percentile

MOST_SHOWN = 10
MOST_MS = 20.0  # from issue 21


@dataclass(slots=True, kw_only=True)
class Hold:
    """One transaction. Its times are in seconds."""

    #: the names of its operations
    kinds: list[str] = field(default_factory=list)
    rows: int = 0  #: rows that the commands name
    seconds: float = 0.0  #: from BEGIN to the end of the commit
    processor: float = 0.0  # of the lane's thread and of PostgreSQL's server process
    commit: float = 0.0
    statement: str = ""  #: the slowest statement
    slowest: float = 0.0  #: of that statement
    collected: float = 0.0  #: by Python's garbage collection
    waited: float = 0.0  #: for a processor; not in the other times
    checkpoint: bool = False  #: the commit copied SQLite's WAL into the file

    def cells(self) -> tuple[str, ...]:
        times = (self.seconds, self.processor, self.slowest, self.commit)
        ms = (f"{one * 1000:.1f}" for one in times)
        words = " ".join(self.statement.split())
        also = [f"collected garbage for {self.collected * 1000:.1f} ms"] * bool(self.collected)
        also += ["checkpoint"] * self.checkpoint
        kinds = ", ".join(self.kinds) + "".join(f" ({one})" for one in also)
        return (kinds, str(self.rows), *ms, f"{self.waited * 1000:.1f}", f"`{words[:60]}`")


HEAD = ("transaction", "rows", "ms", "processor ms", "slowest", "commit", "no processor")
HEAD = (*HEAD, "slowest statement")
HEAD_OF_KINDS = ("transaction", "count", "rows", "median ms", "p99", "longest", "seconds")
HEAD_OF_KINDS = (*HEAD_OF_KINDS, "processor: median ms", "p99", "longest")


def results(what: str, database: str, holds: Sequence[Hold]) -> Iterator[Result]:
    """Yield the longest and the 99th percentile of these transactions."""
    held = [one.seconds * 1000 for one in holds]
    for name, value in (("longest", max(held)), ("p99", percentile(held, 0.99))):
        yield Result(
            what=f"{what}: {name} time that one of {len(held)} steps holds the lane",
            database=database,
            value=value,
            unit="ms",
            low=min(held),
            high=max(held),
            budget=MOST_MS,
        )


def print_holds(database: str, holds: Iterable[Hold]) -> None:
    """Print the longest transactions, and a line for each kind of transaction."""
    ordered = sorted(holds, key=lambda one: one.seconds, reverse=True)
    print(f"\nThe longest transactions on {database}:\n")
    print(table(HEAD, [one.cells() for one in ordered[:MOST_SHOWN]]))
    print(f"\nAll kinds of transactions on {database}:\n")
    print(table(HEAD_OF_KINDS, list(_by_kind(ordered))), flush=True)


def _by_kind(holds: Iterable[Hold]) -> Iterator[tuple[str, ...]]:
    of_kind: dict[str, list[Hold]] = {}
    for one in holds:
        of_kind.setdefault(", ".join(one.kinds), []).append(one)
    for kind, some in sorted(of_kind.items()):
        rows = sorted(one.rows for one in some)[len(some) // 2]
        held = [one.seconds * 1000 for one in some]
        processor = [one.processor * 1000 for one in some]
        ms, processor_ms = (
            [f"{percentile(times, share):.1f}" for share in (0.5, 0.99, 1)]
            for times in (held, processor)
        )
        seconds = f"{sum(held) / 1000:.1f}"
        yield (kind, str(len(some)), str(rows), *ms, seconds, *processor_ms)


@contextmanager
def watched(store: Store) -> Iterator[list[Hold]]:
    """Collect the transactions that the lanes commit inside the block."""
    watch = _Watch(store)
    run_unit, commit = units.run_unit, sa.engine.RootTransaction.commit

    def carries_out(tx: Any, unit: Any) -> Any:
        watch.carries_out(unit)
        return run_unit(tx, unit)

    def commits(transaction: Any) -> None:
        began = watch.now()
        commit(transaction)
        watch.committed(began)

    engine = store._writing
    with ExitStack() as stack:
        for name, listener in (
            ("begin", watch.begins),
            ("before_cursor_execute", watch.before),
            ("after_cursor_execute", watch.after),
        ):
            # first, so that the time of BEGIN counts
            sa.event.listen(engine, name, listener, insert=True)
            stack.callback(sa.event.remove, engine, name, listener)
        stack.enter_context(mock.patch.object(batches, "run_unit", carries_out))
        # SQLAlchemy has no event for the end of a commit
        stack.enter_context(mock.patch.object(sa.engine.RootTransaction, "commit", commits))
        gc.callbacks.append(watch.collects)
        stack.callback(gc.callbacks.remove, watch.collects)
        gc.collect()
        gc.freeze()
        stack.callback(gc.unfreeze)
        yield watch.holds


class _Watch:
    def __init__(self, store: Store) -> None:
        self.holds: list[Hold] = []
        self._file = store._writing.url.database if store.is_sqlite else None
        self._own = threading.local()  # each lane is a thread
        self._collected = self._collection_began = 0.0

    def now(self) -> float:
        """Return a clock that stops while the lane has no processor."""
        return time.perf_counter() - self._scheduled()[1]

    def begins(self, conn: sa.Connection) -> None:
        own = self._own
        if not hasattr(own, "schedules"):
            own.schedules = [_opened(f"/proc/self/task/{threading.get_native_id()}/schedstat")]
            if self._file is None:
                raw: Any = conn.connection.dbapi_connection
                own.schedules.append(_opened(f"/proc/{raw.info.backend_pid}/schedstat"))
        own.hold = Hold()
        own.copied, own.collected = self._last_checkpoint(), self._collected
        own.scheduled, own.began = self._scheduled(), time.perf_counter()

    def carries_out(self, unit: Sequence[units.Waiting]) -> None:
        if (hold := getattr(self._own, "hold", None)) is not None:
            hold.kinds.append(_name(unit[0].operation))
            hold.rows += sum(_rows(one.command) for one in unit)

    def before(self, *_: Any) -> None:
        self._own.statement = self.now()

    def after(self, _conn: Any, _cursor: Any, statement: str, *_: Any) -> None:
        hold = getattr(self._own, "hold", None)
        took = self.now() - self._own.statement
        if hold is not None and took > hold.slowest:
            hold.slowest, hold.statement = took, statement

    def committed(self, began: float) -> None:
        own = self._own
        hold = getattr(own, "hold", None)
        if hold is None:
            return
        now, (processor, waited) = time.perf_counter(), self._scheduled()
        hold.processor = processor - own.scheduled[0]
        hold.waited = waited - own.scheduled[1]
        hold.seconds = max(now - own.began - hold.waited, hold.processor)
        hold.commit = now - waited - began
        hold.collected = self._collected - own.collected
        hold.checkpoint = self._last_checkpoint() != own.copied
        if hold.kinds:
            self.holds.append(hold)
        own.hold = None

    def collects(self, phase: str, _info: object) -> None:
        if phase == "start":
            self._collection_began = time.perf_counter()
        else:
            self._collected += time.perf_counter() - self._collection_began

    def _scheduled(self) -> tuple[float, float]:
        """Return the seconds with a processor, and those of waiting for one."""
        found = [_scheduled(one) for one in getattr(self._own, "schedules", ())]
        return sum(one[0] for one in found), sum(one[1] for one in found)

    def _last_checkpoint(self) -> int:
        return Path(self._file).stat().st_mtime_ns if self._file else 0


def _opened(path: str) -> int | None:
    try:
        return os.open(path, os.O_RDONLY)
    except OSError:  # not Linux
        return None


def _scheduled(file: int | None) -> tuple[float, float]:
    """Return the seconds for which a thread had a processor, and those for which it was ready to
    run and had none. https://docs.kernel.org/scheduler/sched-stats.html#proc-pid-schedstat
    """
    if file is None:
        return 0.0, 0.0
    had, waited, _ = os.pread(file, 100, 0).split()
    return int(had) / 1e9, int(waited) / 1e9


def _name(operation: Any) -> str:
    run = getattr(operation, "run", operation)
    return str(getattr(run, "__name__", type(run).__name__))


def _rows(command: Any) -> int:
    """Return how many rows a command names."""
    if isinstance(command, HeldClaim):
        command = command.command
    if isinstance(command, list | tuple):
        return len(command)
    for name in ("pages", "keys", "ids", "sids", "found", "rows"):
        given = getattr(command, name, None)
        if given is not None:
            return given if isinstance(given, int) else _rows(given)
    return 1
