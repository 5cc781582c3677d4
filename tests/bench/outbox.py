"""The outbox with a provider that takes 50 ms per text and 32 in parallel, counting order
inversions; and receipts per second.

The benchmark runs in this process without HTTP. It measures the worker with its claims and commits.
The baseline of the outbox is the provider's limit, 640 per second; that of receipts is one bare
UPDATE per receipt in the same lanes.
"""

import asyncio
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

import sqlalchemy as sa

from handoff_service import clock
from handoff_service.gateways.bot.no_bot import NoBot
from handoff_service.gateways.twilio.errors import ERRORS
from handoff_service.operations.conversations.send_sms import Write, send_sms
from handoff_service.operations.delivery.record_receipt import Receipt, record_receipt
from handoff_service.operations.desk_file import read_desk_file
from handoff_service.operations.desk_file.import_desk import import_desk
from handoff_service.operations.shared.job import WorkerDeps
from handoff_service.ports import Accepted, Outgoing
from handoff_service.rules.shared.vocabulary import Status, Work
from handoff_service.store.engine import tables as t
from handoff_service.store.engine.migrate import migrate
from handoff_service.store.engine.store import Store
from handoff_service.store.engine.transaction import OperationSettings, SetBased, Transaction
from handoff_service.worker import Worker
from tests.conftest import DESK, postgres_database
from tests.support.story import DIRECT, MIA, Story

TAKES, AT_ONCE = 0.05, 32
LINES, EACH = 200, 10
LEAST = 0.90


@dataclass
class Provider:
    """Takes this long for each text, with a limit on parallel ones. Remembers the order in which
    they arrived."""

    room: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(AT_ONCE))
    came: list[tuple[str, int]] = field(default_factory=list)
    began: float = 0.0
    ended: float = 0.0

    async def send(self, message: Outgoing) -> Accepted:
        async with self.room:
            self.began = self.began or time.perf_counter()
            self.came.append((message.to, message.message_id))
            await asyncio.sleep(TAKES)
            self.ended = time.perf_counter()
        return Accepted(sid=f"SM{message.message_id}")

    def inversions(self) -> int:
        """How many texts came after a later one of their line."""
        last: dict[str, int] = {}
        wrong = 0
        for line, message in self.came:
            wrong += message < last.get(line, 0)
            last[line] = max(message, last.get(line, 0))
        return wrong


def main() -> int:
    """Print the tables. Returns how many budgets were missed."""
    missed = 0
    for kind in ("SQLite", "PostgreSQL"):
        with ExitStack() as stack:
            home = Path(stack.enter_context(tempfile.TemporaryDirectory()))
            url = (
                f"sqlite:///{home}/desk.db"
                if kind == "SQLite"
                else stack.enter_context(postgres_database())
            )
            missed += asyncio.run(_measure(kind, url))
    return missed


async def _measure(kind: str, url: str) -> int:
    migrate(url)
    provider = Provider()
    workers: list[Worker] = []

    def told(_hints: object, work_at: datetime | None) -> None:
        for worker in workers:
            if work_at is not None:
                worker.nudge(work_at)

    store = Store(
        url,
        clock=clock.now,
        settings=OperationSettings(bot_answers=False, send_errors=ERRORS),
        after_commit=told,
    )
    await store.write(import_desk, read_desk_file.read(DESK))
    story = Story(store)
    numbers = [f"+1202555{n:04d}" for n in range(LINES)]
    received = await asyncio.gather(
        *(story.text("hi", number=number, to=DIRECT) for number in numbers)
    )
    ids = [one.interaction_id or 0 for one in received]
    for n in range(EACH):
        await asyncio.gather(
            *(
                store.write(send_sms, Write(interaction_id=i, agent_id=MIA, body=f"text {n}"))
                for i in ids
            )
        )
    hands = WorkerDeps(store=store, provider=provider, bot=NoBot(), clock=clock.now)
    workers.append(Worker(hands, frozenset({Work.DELIVER})))
    wanted = await story.count(t.due_work, t.due_work.c.kind == Work.DELIVER)
    running = asyncio.create_task(workers[0].run())
    while len(provider.came) < wanted:
        await asyncio.sleep(0.05)
    await asyncio.sleep(4 * TAKES)
    running.cancel()
    await workers[0].close()
    rate, most = wanted / (provider.ended - provider.began), AT_ONCE / TAKES
    met = rate >= LEAST * most and not provider.inversions()
    print(
        f"\n{kind}: {wanted} texts of {LINES} lines, to a provider that takes "
        f"{TAKES * 1000:.0f} ms, {AT_ONCE} at once"
    )
    said = f"budget: at least {LEAST:.2f}x of {most:.0f}, 0 inversions {'met' if met else 'MISSED'}"
    print(
        f"sent {rate:>8.0f}/s {rate / most:>6.2f}x   order inversions {provider.inversions()}   "
        f"{said}"
    )
    missed = 0 if met else 1
    rows = await story.rows(
        t.messages, t.messages.c.provider_sid.like("SM%"), t.messages.c.direction == "outbound"
    )
    sids = [row.provider_sid for row in rows]
    ours = await _rate(
        sids, lambda sid: store.write(record_receipt, Receipt(sid=sid, status=Status.DELIVERED))
    )
    bare = await _rate(sids, lambda sid: store.write(_BARE, sid))
    print(f"receipts {ours:>7.0f}/s, one bare UPDATE each {bare:.0f}/s: {ours / bare:.2f}x")
    store.close()
    return missed


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
    """Return how many of these are done per second, 64 in parallel."""
    room = asyncio.Semaphore(64)

    async def one(sid: str) -> None:
        async with room:
            await write(sid)

    began = time.perf_counter()
    await asyncio.gather(*(one(sid) for sid in sids))
    return len(sids) / (time.perf_counter() - began)


if __name__ == "__main__":
    sys.exit(1 if main() else 0)
