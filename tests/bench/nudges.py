"""Measures how fast another process starts the work that a commit has scheduled.

This program stores a requester's text in PostgreSQL and sends the hint through Redis. The running
service then asks the virtual agent, which is a small server in this program. The time starts after
the commit and ends when the question arrives, so it includes the service's look for due work, its
claim and the transaction that begins the turn. The service's workers sleep for an hour if nobody
nudges them.

Commands such as ``patchboard import`` send their hints at once. A process of the service waits
first, so that its own workers can take the work.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, ExitStack, asynccontextmanager
from datetime import datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

from aiohttp import web

from handoff_service import clock
from handoff_service.gateways.fanout.command_hints import CommandHints, through_redis
from handoff_service.gateways.fanout.redis_fanout import RedisFanout, channel_of
from handoff_service.gateways.fanout.worker_nudges import WorkerNudges
from handoff_service.operations.conversations.receive_sms import Text, receive_sms
from handoff_service.rules.shared.vocabulary import Work
from handoff_service.store.desk.desk import desk_id
from handoff_service.store.engine.store import Store
from handoff_service.store.engine.transaction import Hint, OperationSettings
from tests.bench import size
from tests.bench.desks import Desks, open_database, set_up_database
from tests.bench.result import Result, percentile, spread
from tests.conftest import DESK
from tests.gateways.test_fanout import REDIS
from tests.support.service import free_port, running_service
from tests.support.story import MAIN

TRIES = size(50, 12, "TRIES")
WARM_UP = size(10, 3)
MOST_MS = 100.0  # at the 95th percentile; from the issue about two hosts
WITHIN = 20.0  # seconds; without a nudge, the work waits for an hour
QUIET = 0.4  # seconds after which the service has done everything about a text
ONLY_NUDGES = {"handoff_service.worker.LONGEST_SLEEP": timedelta(hours=1)}

type Committed = Callable[[Sequence[Hint], datetime | None], None]
#: opens the way that hints go: the desk's channel -> the function to call after each commit
type Way = Callable[[Store, str], AbstractAsyncContextManager[Committed]]


def measure(desks: Desks) -> Iterator[Result]:
    if desks.kind != "PostgreSQL":  # the processes of one SQLite file use a pipe instead of Redis
        return
    with ExitStack() as stack:
        url, port = open_database(desks.kind, stack), free_port()
        home = Path(stack.enter_context(TemporaryDirectory()))
        asyncio.run(set_up_database(url, DESK))
        bot = f"http://127.0.0.1:{port}/webhooks/sms/webhook"
        given = {"DATABASE_URL": url, "REDIS_URL": REDIS, "BOT_URL": bot}
        stack.enter_context(running_service(home, constants=ONLY_NUDGES, **given))
        for number, (what, way) in enumerate(WAYS.items()):
            took = asyncio.run(_tries(url, port, way, f"+1{303 + number}555"))
            yield from _results(what, took)


def _results(what: str, took: Sequence[float]) -> Iterator[Result]:
    usual, slow = spread(took), percentile(took, 0.95)
    yield Result(
        what=what,
        database="PostgreSQL",
        value=usual.middle,
        unit="ms",
        low=usual.low,
        high=usual.high,
    )
    yield Result(
        what=f"{what}, p95",
        database="PostgreSQL",
        value=slow,
        unit="ms",
        low=min(took),
        high=max(took),
        budget=MOST_MS,
    )


async def _tries(url: str, port: int, way: Way, numbers: str) -> list[float]:
    """Return the milliseconds of each try. ``numbers``: how the requesters' numbers begin."""
    made: list[Committed] = []
    committed_at = asked_at = 0.0
    asked = asyncio.Event()

    def committed(hints: Sequence[Hint], work_at: Mapping[Work, datetime]) -> None:
        nonlocal committed_at
        committed_at = time.monotonic()
        made[0](hints, work_at)

    async def answer(request: web.Request) -> web.Response:
        nonlocal asked_at
        asked_at = time.monotonic()
        asked.set()
        sender = (await request.json())["sender"]
        return web.json_response([{"recipient_id": sender, "text": "How can I help?"}])

    store = Store(
        url,
        clock=clock.now,
        settings=OperationSettings(bot_answers=True, burst_window=timedelta(0)),
        after_commit=committed,
    )
    took = []
    async with _serving(port, answer), way(store, channel_of(await store.read(desk_id))) as hints:
        made.append(hints)
        for n in range(WARM_UP + TRIES):
            asked.clear()
            text = Text(sid=f"SM{numbers[1:]}{n:026}", requester_number=f"{numbers}{n:04}",
                        provider_number=MAIN, body="My screen is black")  # fmt: skip
            await store.write(receive_sms, text)
            await asyncio.wait_for(asked.wait(), WITHIN)
            took.append((asked_at - committed_at) * 1000)
            await asyncio.sleep(QUIET)
    store.close()
    return took[WARM_UP:]


@asynccontextmanager
async def _serving(
    port: int, answer: Callable[[web.Request], "asyncio.Future[web.Response] | object"]
) -> AsyncIterator[None]:
    app = web.Application()
    app.router.add_post("/webhooks/sms/webhook", answer)  # type: ignore[arg-type]
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", port).start()
    try:
        yield
    finally:
        await runner.cleanup()


@asynccontextmanager
async def _as_a_command(_store: Store, channel: str) -> AsyncIterator[Committed]:
    async def to() -> str:
        return channel

    hints = CommandHints(through_redis(REDIS, to), clock.now)
    yield hints.committed
    await hints.finish()


@asynccontextmanager
async def _as_a_service(store: Store, channel: str) -> AsyncIterator[Committed]:
    """A process of the service whose own workers are all busy."""
    fanout = RedisFanout(REDIS, channel=channel)
    nudges = WorkerNudges(lambda: store, lambda: fanout, clock.now, [])

    def committed(_hints: Sequence[Hint], work_at: Mapping[Work, datetime]) -> None:
        nudges.nudge(work_at)

    await fanout.start()
    yield committed
    await fanout.close()


WAYS: dict[str, Way] = {
    "from a command's commit to the start of its work in the service": _as_a_command,
    "from a process's commit to the start of its work in another process": _as_a_service,
}
