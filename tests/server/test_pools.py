"""Hanging work does not delay work of another kind. A hanging bot does not delay another bot."""

import asyncio
import logging
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import datetime
from typing import Any, cast

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from handoff_service import worker as workers
from handoff_service.gateways.bot.no_bot import NoBot
from handoff_service.gateways.bot.rasa import NOT_ANSWERING, TURNS_AT_ONCE, RasaBot, server_for
from handoff_service.gateways.twilio.errors import ERRORS
from handoff_service.lib.circuit_breaker import BreakerState
from handoff_service.operations.shared.job import Job, WorkerDeps
from handoff_service.operations.work_kinds import WORK, WorkKind
from handoff_service.ports.bot import BotAnswer, BotFailed, Question
from handoff_service.ports.sms_provider import SENDS_AT_ONCE, Outgoing
from handoff_service.rules.shared.vocabulary import Owner, Work
from handoff_service.store.engine import claiming, due_work
from handoff_service.store.engine import tables as t
from handoff_service.store.engine.store import Store
from handoff_service.store.engine.transaction import OperationSettings
from handoff_service.worker import Worker, build_workers, nudge_workers
from tests.conftest import MovedClock
from tests.server.test_worker import Provider
from tests.support.story import DIRECT, MIA, Story

TIMED_OUT = "The virtual agent did not answer within 1 s."
GOAL = 30  # seconds within which a requester must reach a live agent


class HungProvider:
    """Accepts every request and never answers."""

    def __init__(self) -> None:
        self.asked: list[int] = []

    async def send(self, message: Outgoing) -> Any:
        self.asked.append(message.message_id)
        await asyncio.Event().wait()

    async def received(self, number: str, since: datetime) -> Any:
        await asyncio.Event().wait()

    async def close(self) -> None:
        pass


@asynccontextmanager
async def running(pools: list[Worker]) -> AsyncIterator[None]:
    tasks = [asyncio.create_task(pool.run()) for pool in pools]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        for pool in pools:
            await pool.close()


async def test_agents_get_offers_while_the_provider_hangs(
    database_url: str, clock: MovedClock
) -> None:
    pools: list[Worker] = []

    def nudge_pools(_hints: object, work_at: Mapping[Work, datetime]) -> None:
        nudge_workers(pools, work_at)

    store = Store(
        database_url,
        clock=clock,
        settings=OperationSettings(send_errors=ERRORS),
        after_commit=nudge_pools,
    )
    story, provider = Story(store), HungProvider()
    await asyncio.gather(*(story.text(number=f"+1202555{n:04d}", to=DIRECT) for n in range(200)))
    while await story.offer() or await story.count(
        t.due_work, t.due_work.c.kind == Work.OFFER_WORK
    ):
        pass  # Every requester gets the text about waiting.
    assert await story.count(t.due_work, t.due_work.c.kind == Work.DELIVER) >= 200
    none: Any = provider
    pools += build_workers(WorkerDeps(store=store, provider=none, bot=NoBot(), clock=clock))
    async with running(pools), asyncio.timeout(10):
        while len(provider.asked) < SENDS_AT_ONCE:
            await asyncio.sleep(0.01)
        await story.available(MIA)
        while not await story.inbox(MIA):
            await asyncio.sleep(0.01)
    assert len(provider.asked) == SENDS_AT_ONCE, (
        "only as many texts are in the status sending as can be sent at once"
    )
    sending = await story.count(t.messages, t.messages.c.status == "sending")
    assert sending == SENDS_AT_ONCE
    store.close()


@pytest.mark.parametrize("kind", [kind for kind, work in WORK.items() if work.places is not None])
async def test_agents_get_offers_while_another_kind_of_work_hangs(
    kind: Work, story: Story, clock: MovedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The test covers each kind of work that calls another server, such as mail, the case webhook
    and media.
    """
    hung: list[str] = []

    async def hang(job: Job) -> None:
        hung.append(job.key)
        await asyncio.Event().wait()

    places = WORK[kind].places or 0
    monkeypatch.setitem(cast("dict[Work, WorkKind]", WORK), kind, WorkKind(hang, places))
    many = [
        due_work.Due(kind=kind, key=f"hung {n}", line=f"hung {n}", due_at=clock())
        for n in range(2 * places)
    ]
    await story.store.write(lambda tx, _: due_work.schedule(tx, many), None)
    await story.text(to=DIRECT)
    none: Any = None
    provider = Provider()
    pools = build_workers(WorkerDeps(store=story.store, provider=provider, bot=none, clock=clock))
    async with running(pools), asyncio.timeout(10):
        while len(hung) < places:
            await asyncio.sleep(0.01)
        await story.available(MIA)
        for pool in pools:
            pool.nudge(clock())
        while not await story.inbox(MIA):
            await asyncio.sleep(0.01)
    assert len(hung) == places


class Servers:
    """Rasa servers, some of which hang."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.hung: set[str] = set()
        self.most = self.now = 0
        self.urls: list[str] = []

    async def turn(self, request: web.Request) -> web.StreamResponse:
        body = await request.json()
        url = str(request.url)
        self.asked.append(url)
        if url in self.hung:
            self.now += 1
            self.most = max(self.most, self.now)
            try:
                await asyncio.Event().wait()
            finally:
                self.now -= 1
        return web.json_response([{"recipient_id": body["sender"], "text": "Hello"}])


@pytest.fixture
async def servers() -> AsyncIterator[Servers]:
    made = Servers()
    async with AsyncExitStack() as stack:
        for _ in range(2):
            app = web.Application()
            app.router.add_post("/turn", made.turn)
            server = TestServer(app)
            await server.start_server(shutdown_timeout=0.1)
            stack.push_async_callback(server.close)
            made.urls.append(str(server.make_url("/turn")))
        yield made


def turns(story: Story, bot: RasaBot, clock: MovedClock) -> Worker:
    none: Any = None
    deps = WorkerDeps(store=story.store, provider=none, bot=bot, clock=clock)
    (pool,) = [
        pool
        for (kinds, _), pool in zip(workers.POOLS, build_workers(deps), strict=True)
        if Work.BOT_TURN in kinds
    ]
    return pool


async def people(story: Story, count: int) -> list[int]:
    received = await asyncio.gather(*(story.text(number=f"+1202555{n:04d}") for n in range(count)))
    return [one.interaction_id or 0 for one in received]


async def test_a_hundred_requesters_of_a_hung_bot_reach_an_agent(
    servers: Servers, story: Story, clock: MovedClock
) -> None:
    servers.hung = {servers.urls[0]}
    changes: list[BreakerState] = []
    bot = RasaBot(
        servers.urls[:1], "token", 1.0, changed=lambda _server, state: changes.append(state)
    )
    await people(story, 100)
    clock.move(2)
    waiting = t.interactions.c.owner == Owner.QUEUE
    async with running([turns(story, bot, clock)]), asyncio.timeout(GOAL):
        while await story.count(t.interactions, waiting) < 100:
            await asyncio.sleep(0.05)
    reasons = {row.reason for row in await story.rows(t.work_items)}
    # A turn that had already asked the bot when the circuit breaker opened has the other reason.
    assert reasons - {TIMED_OUT} == {NOT_ANSWERING}
    assert changes == [BreakerState.OPEN]
    assert servers.most <= TURNS_AT_ONCE
    assert len(servers.asked) <= 2 * TURNS_AT_ONCE, "the bot gets no third round of requests"
    await bot.close()


async def test_a_hung_bot_does_not_delay_requesters_of_a_healthy_bot(
    servers: Servers, story: Story, clock: MovedClock
) -> None:
    """More turns wait for the hung server than it accepts in parallel, and these turns were queued
    first.
    """
    bot = RasaBot(servers.urls, "token", 60)
    ids = await people(story, 120)
    hung = servers.urls[0]
    servers.hung = {hung}
    healthy = [one for one in ids if server_for(servers.urls, str(one)) != hung]
    assert 20 < len(healthy) < 100
    await story.store.write(
        lambda tx, _: due_work.schedule(
            tx,
            [
                due_work.Due(
                    kind=Work.BOT_TURN,
                    key=str(one),
                    line=f"x{one}",
                    due_at=tx.now + 2 * tx.settings.burst_window,
                )
                for one in healthy
            ],
        ),
        None,
    )
    clock.move(10)
    answered = t.messages.c.body == "Hello"
    async with running([turns(story, bot, clock)]), asyncio.timeout(GOAL):
        while await story.count(t.messages, answered) < len(healthy):
            await asyncio.sleep(0.02)
        assert servers.most == TURNS_AT_ONCE
        assert await story.count(t.work_items) == 0, "no turn of the hung bot has failed yet"
    await bot.close()


async def test_an_open_circuit_breaker_fails_fast_and_closes_when_the_bot_answers(
    servers: Servers, monkeypatch: pytest.MonkeyPatch
) -> None:
    from handoff_service.lib import circuit_breaker

    servers.hung = {servers.urls[0]}
    changes: list[BreakerState] = []
    bot = RasaBot(
        servers.urls[:1], "token", 0.2, changed=lambda _server, state: changes.append(state)
    )
    question = Question(sender="1", message="hi", turn_id="1")
    for _ in range(circuit_breaker.FAILURES):
        with pytest.raises(BotFailed, match="did not answer within"):
            await bot.ask(question)
    asked = len(servers.asked)
    with pytest.raises(BotFailed, match="is not answering right now"):
        await bot.ask(question)
    assert len(servers.asked) == asked, "with an open circuit breaker, no request is sent"
    monkeypatch.setattr(circuit_breaker, "PAUSE", 0)
    both = await asyncio.gather(bot.ask(question), bot.ask(question), return_exceptions=True)
    assert len(servers.asked) == asked + 1, "one of these requests is the probe"
    assert [str(one) for one in both].count(NOT_ANSWERING) == 1
    servers.hung = set()
    assert isinstance(await bot.ask(question), BotAnswer)
    assert changes == [
        BreakerState.OPEN,
        BreakerState.HALF_OPEN,
        BreakerState.OPEN,
        BreakerState.HALF_OPEN,
        BreakerState.CLOSED,
    ]
    await bot.close()


async def test_an_unusable_answer_does_not_open_the_circuit_breaker() -> None:
    app = web.Application()

    async def wrong(_request: web.Request) -> web.StreamResponse:
        return web.Response(status=500)

    app.router.add_post("/turn", wrong)
    async with TestServer(app) as server:
        bot = RasaBot([str(server.make_url("/turn"))], "token", 5)
        for _ in range(10):
            with pytest.raises(BotFailed, match=r"an error \(500\)"):
                await bot.ask(Question(sender="1", message="hi", turn_id="1"))
        await bot.close()


async def test_running_work_keeps_its_claim(
    story: Story,
    clock: MovedClock,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """A process keeps its claim during long work and long waits, unless it is frozen or dead."""
    monkeypatch.setattr(logging.getLogger("patchboard"), "propagate", True)
    monkeypatch.setattr(workers, "RENEW_EVERY", 0.01)
    await people(story, 1)
    clock.move(2)

    class Slow(NoBot):
        async def ask(self, question: Question) -> BotAnswer:
            await asyncio.Event().wait()
            raise AssertionError

    none: Any = None
    pool = Worker(
        WorkerDeps(store=story.store, provider=none, bot=Slow(), clock=clock),
        frozenset({Work.BOT_TURN}),
    )

    async def lease() -> datetime | None:
        (row,) = await story.rows(t.due_work, t.due_work.c.kind == Work.BOT_TURN)
        end: datetime | None = row.lease_until
        return end

    async with running([pool]), asyncio.timeout(10):
        while await lease() is None:
            await asyncio.sleep(0.01)
        first = await lease()
        clock.move(50)
        while await lease() == first:
            await asyncio.sleep(0.01)
        clock.move(50)
        assert (
            await story.store.write(claiming.claim, claiming.Claim(5, frozenset({Work.BOT_TURN})))
            == []
        )
