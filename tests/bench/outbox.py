"""Measures the outbox with a provider that needs 50 ms per text and accepts 32 in parallel, counts
texts that arrive out of order, and measures receipts per second.

The benchmark runs in this process without HTTP. It measures the worker, including its claims and
commits. The outbox's baseline is the provider's limit, 640 texts per second. The receipts' baseline
is one bare UPDATE per receipt in the same lanes.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import batched, pairwise

import sqlalchemy as sa

from handoff_service import clock
from handoff_service.gateways.bot.no_bot import NoBot
from handoff_service.gateways.twilio.errors import ERRORS
from handoff_service.operations.delivery.record_receipt import Receipt, record_receipt
from handoff_service.operations.shared.job import WorkerDeps
from handoff_service.ports.sms_provider import Accepted, Outgoing
from handoff_service.rules.shared.vocabulary import Status, Work
from handoff_service.store.engine import tables as t
from handoff_service.store.engine.store import Store
from handoff_service.store.engine.transaction import OperationSettings, SetBased, Transaction
from handoff_service.worker import Worker, nudge_workers
from tests.bench import size
from tests.bench.desks import Desks, database
from tests.bench.result import Direction, Result, ratios, spread
from tests.conftest import lay_out
from tests.support.story import DIRECT, Story

TAKES, AT_ONCE = 0.05, 32
LINES, EACH = 200, size(10, 4)
LEAST = 0.90


@dataclass
class Provider:
    """A provider that needs this long for each text and accepts a limited number in parallel. It
    records the order in which texts arrive.
    """

    room: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(AT_ONCE))
    came: list[tuple[str, int]] = field(default_factory=list)
    began: float = 0.0
    ended: float = 0.0
    times: list[float] = field(default_factory=list)  #: the time when each text was accepted

    async def send(self, message: Outgoing) -> Accepted:
        async with self.room:
            self.began = self.began or time.perf_counter()
            self.came.append((message.to, message.message_id))
            await asyncio.sleep(TAKES)
            self.ended = time.perf_counter()
            self.times.append(self.ended)
        return Accepted(sid=f"SM{message.message_id}")

    def rates(self) -> list[float]:
        """Return the texts a second in each of four parts of the run."""
        edges = [self.times[len(self.times) * n // 4] for n in range(4)]
        edges = [self.began, *edges[1:], self.ended]
        return [len(self.times) / 4 / (end - start) for start, end in pairwise(edges)]

    def inversions(self) -> int:
        """Return the number of texts that arrived after a later text of the same line."""
        last: dict[str, int] = {}
        wrong = 0
        for line, message in self.came:
            wrong += message < last.get(line, 0)
            last[line] = max(message, last.get(line, 0))
        return wrong


def measure(desks: Desks) -> Iterator[Result]:
    with database(desks.kind) as url:
        yield from asyncio.run(_measured(desks.kind, url))


async def _measured(kind: str, url: str) -> list[Result]:
    await lay_out(url)
    workers: list[Worker] = []

    store = Store(
        url,
        clock=clock.now,
        settings=OperationSettings(bot_answers=False, send_errors=ERRORS),
        after_commit=lambda _hints, work_at: nudge_workers(workers, work_at),
    )
    story = Story(store)
    await _write_texts(story)
    sent = await _send(kind, story, workers)
    receipts = await _receipts(kind, story)
    store.close()
    return [*sent, receipts]


async def _write_texts(story: Story) -> None:
    """Store an agent's text to each requester. The texts wait for the worker."""
    numbers = [f"+1202555{n:04d}" for n in range(LINES)]
    received = await asyncio.gather(
        *(story.text("hi", number=number, to=DIRECT) for number in numbers)
    )
    for n in range(EACH):
        await asyncio.gather(
            *(story.write(one.interaction_id or 0, f"text {n}") for one in received)
        )


async def _send(kind: str, story: Story, workers: list[Worker]) -> list[Result]:
    provider = Provider()
    deps = WorkerDeps(store=story.store, provider=provider, bot=NoBot(), clock=clock.now)
    workers.append(Worker(deps, frozenset({Work.DELIVER})))
    wanted = await story.count(t.due_work, t.due_work.c.kind == Work.DELIVER)
    running = asyncio.create_task(workers[0].run())
    while len(provider.came) < wanted:
        await asyncio.sleep(0.05)
    await asyncio.sleep(4 * TAKES)
    running.cancel()
    await workers[0].close()
    most = AT_ONCE / TAKES
    rates = spread([rate / most for rate in provider.rates()])
    rate = wanted / (provider.ended - provider.began)
    return [
        Result(
            what=f"outbox, a provider that takes {TAKES * 1000:.0f} ms, {AT_ONCE} at once",
            database=kind,
            value=rate,
            unit="/s",
            floor=f"{most:.0f} a second, the provider's limit",
            ratio=rate / most,
            low=min(rates.low, rate / most),
            high=max(rates.high, rate / most),
            budget=LEAST,
            direction=Direction.AT_LEAST,
        ),
        Result(
            what="outbox, texts sent out of order",
            database=kind,
            value=provider.inversions(),
            unit="",
            low=provider.inversions(),
            high=provider.inversions(),
            budget=0,
        ),
    ]


async def _receipts(kind: str, story: Story) -> Result:
    """Measure receipts and bare UPDATEs alternately."""
    rows = await story.rows(
        t.messages, t.messages.c.provider_sid.like("SM%"), t.messages.c.direction == "outbound"
    )
    ours, bare = [], []
    for group in batched([row.provider_sid for row in rows], len(rows) // 4, strict=False):
        ours.append(await _rate(group, lambda sid: _receipt(story.store, sid)))
        bare.append(await _rate(group, lambda sid: story.store.write(_BARE, sid)))
    compared = ratios(ours, bare)
    return Result(
        what="delivery receipts",
        database=kind,
        value=spread(ours).middle,
        unit="/s",
        floor="one bare UPDATE each, in the same lanes",
        ratio=compared.middle,
        low=compared.low,
        high=compared.high,
        direction=Direction.AT_LEAST,
    )


def _receipt(store: Store, sid: str) -> Awaitable[object]:
    return store.write(record_receipt, Receipt(sid=sid, status=Status.DELIVERED))


def _bare(tx: Transaction, sids: Sequence[str]) -> list[None]:
    for sid in sids:
        tx.conn.execute(
            sa.update(t.messages)
            .where(t.messages.c.provider_sid == sid)
            .values(status=Status.DELIVERED)
        )
    return [None] * len(sids)


_BARE: SetBased[str, None] = SetBased(_bare)


async def _rate(sids: Sequence[str], write: Callable[[str], Awaitable[object]]) -> float:
    """Run these calls, 64 in parallel. Return the number of calls per second."""
    room = asyncio.Semaphore(64)

    async def one(sid: str) -> None:
        async with room:
            await write(sid)

    began = time.perf_counter()
    await asyncio.gather(*(one(sid) for sid in sids))
    return len(sids) / (time.perf_counter() - began)
