"""Measures very many running timers, of which a thousand become due each second. It reports how
late they fire, and whether any fires early, twice or never.

The worker runs in this process without HTTP, on the real clock. A timer has fired when its line in
the conversation is stored.
"""

import asyncio
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa

from handoff_service import clock
from handoff_service.gateways.bot.no_bot import NoBot
from handoff_service.operations.shared.job import WorkerDeps
from handoff_service.rules.shared.vocabulary import Event, Work
from handoff_service.store.engine import tables as t
from handoff_service.store.engine.database import engine
from handoff_service.store.engine.store import Store
from handoff_service.store.engine.transaction import OperationSettings
from handoff_service.worker import Worker, nudge_workers
from tests.bench import seed, size
from tests.bench.desks import Desks, database
from tests.bench.outbox import Provider
from tests.bench.result import Result, percentile
from tests.conftest import lay_out
from tests.support.action_story import REQUESTER, Rules

ARMED = size(1_000_000, 30_000, "ARMED")
RATE = 1000  # due a second
SECONDS = size(20, 3)
SETTLES = timedelta(seconds=2)  # the delay before the first timer is due
# seconds after the last due time; a timer that has not fired by then counts as missing
PATIENCE = 60.0
LATER = timedelta(days=30)  # the delay of all other timers, which are due later
MOST_LATE_MS = 1000.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Firing:
    """How late the due timers fired, and how many fired twice or never."""

    late: list[float]  #: ms from each timer's due time to its first firing; negative: early
    twice: int
    missed: int

    @property
    def early(self) -> int:
        return sum(one < 0 for one in self.late)


def compare(due: dict[int, datetime], fired: list[tuple[int, datetime]]) -> Firing:
    """Compare due times with firings, both by the interaction's id."""
    first: dict[int, datetime] = {}
    for interaction, at in sorted(fired, key=lambda one: one[1]):
        first.setdefault(interaction, at)
    times = Counter(interaction for interaction, _ in fired)
    return Firing(
        late=[(at - due[n]).total_seconds() * 1000 for n, at in first.items() if n in due],
        twice=sum(count > 1 for count in times.values()),
        missed=sum(n not in first for n in due),
    )


def measure(desks: Desks) -> Iterator[Result]:
    with database(desks.kind) as url:
        found = asyncio.run(_fire(url))
    what = f"{ARMED:,} timers armed, {RATE:,} due a second"
    yield Result(
        what=f"{what}: p99 lateness",
        database=desks.kind,
        value=percentile(found.late, 0.99),
        unit="ms",
        low=percentile(found.late, 0.5),
        high=max(found.late),
        budget=MOST_LATE_MS,
    )
    wrong = found.early + found.twice + found.missed
    yield Result(
        what=f"{what}: early ({found.early}), twice ({found.twice}) or missed ({found.missed})",
        database=desks.kind,
        value=wrong,
        unit="",
        low=wrong,
        high=wrong,
        budget=0,
    )


async def _fire(url: str) -> Firing:
    await lay_out(url)
    workers: list[Worker] = []
    store = Store(
        url,
        clock=clock.now,
        settings=OperationSettings(bot_answers=False),
        after_commit=lambda _hints, work_at: nudge_workers(workers, work_at),
    )
    rules = Rules(store, clock=None)  # type: ignore[arg-type]  # no clock is moved here
    await rules.none()
    action = await rules.add("Answer them.", REQUESTER, "1h")
    seed.armed(url, 1, ARMED, action, clock.now() + LATER)
    due = _set_due(url)
    deps = WorkerDeps(store=store, provider=Provider(), bot=NoBot(), clock=clock.now)
    workers.append(Worker(deps, frozenset({Work.TIMER})))
    running = asyncio.create_task(workers[0].run())
    await asyncio.sleep((max(due.values()) - clock.now()).total_seconds())
    await _until_fired(store, len(due))
    running.cancel()
    await workers[0].close(5)
    found = compare(due, await store.read(_fired))
    store.close()
    return found


def _set_due(url: str) -> dict[int, datetime]:
    """Make some timers due soon, this many a second. Return the due times by interaction."""
    start = clock.now() + SETTLES
    step = ARMED // (RATE * SECONDS)  # These timers are spread evenly over the table.
    due = {1 + n * step: start + timedelta(seconds=n / RATE) for n in range(RATE * SECONDS)}
    rows = [{"i": n, "k": str(n), "at": at} for n, at in due.items()]
    opened = engine(url, size=1, writes=True)
    at = sa.bindparam("at", type_=t.timers.c.due_at.type)
    with opened.begin() as conn:
        conn.execute(
            sa.update(t.timers)
            .where(t.timers.c.interaction_id == sa.bindparam("i"))
            .values(due_at=at),
            rows,
        )
        conn.execute(
            sa.update(t.due_work)
            .where(t.due_work.c.kind == Work.TIMER, t.due_work.c.key == sa.bindparam("k"))
            .values(due_at=at),
            rows,
        )
    opened.dispose()
    # The update takes a while, so the first due time must be late enough.
    if clock.now() > start:
        return _set_due(url)
    return due


async def _until_fired(store: Store, count: int) -> None:
    """Wait until this many lines are stored, or until the time limit."""
    for _ in range(int(PATIENCE * 2)):
        if len(await store.read(_fired)) >= count:
            return
        await asyncio.sleep(0.5)


def _fired(conn: sa.Connection) -> list[tuple[int, datetime]]:
    m = t.messages
    rows = conn.execute(
        sa.select(m.c.interaction_id, m.c.created_at).where(m.c.event == Event.PROMPT)
    )
    return [(row.interaction_id, row.created_at) for row in rows]
