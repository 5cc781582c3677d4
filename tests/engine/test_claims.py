"""A worker that was frozen past its lease finishes after another worker. Nothing happens twice."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import pytest
from sqlalchemy import update

from handoff_service.operations.cases.open_case import OpenByHand, open_by_hand
from handoff_service.operations.shared.job import WorkerDeps
from handoff_service.operations.webhooks.webhooks import PutWebhook, put_webhook
from handoff_service.ports.bot import BotAnswer, BotReply, Question
from handoff_service.ports.call_result import CallResult
from handoff_service.ports.mail import Mail, Mailed
from handoff_service.ports.sms_provider import Accepted, Outgoing, SentBefore
from handoff_service.ports.webhook import OutgoingCall
from handoff_service.rules.shared.vocabulary import Event, Status, WebhookEvent, Work
from handoff_service.rules.webhooks.webhooks import WebhookFields
from handoff_service.store.engine import claiming, claims, due_work
from handoff_service.store.engine import tables as t
from handoff_service.store.engine.claims import ClaimLost, HeldClaim, fenced
from handoff_service.store.engine.store import Store
from handoff_service.store.engine.transaction import OperationSettings, SetBased, Transaction
from handoff_service.worker import Worker
from tests.conftest import Heard, MovedClock
from tests.support.proof_story import Proving
from tests.support.story import ANN, MIA, Story

LEASE = 60


@dataclass
class World:
    """Provider, bot, mail server and webhook receiver of one process. Calls get no answer until
    ``thawed`` is set.
    """

    name: str
    calls: list[Any] = field(default_factory=list)
    known: Sequence[SentBefore] = ()
    reached: asyncio.Event = field(default_factory=asyncio.Event)
    thawed: asyncio.Event = field(default_factory=asyncio.Event)

    async def _took(self, what: object) -> None:
        self.calls.append(what)
        self.reached.set()
        await self.thawed.wait()

    async def send(self, message: Any) -> Any:
        await self._took(message)
        return (
            Mailed()
            if isinstance(message, Mail)
            else Accepted(sid=f"SM{self.name}", status=Status.SENT)
        )

    async def find(self, message: Outgoing) -> Sequence[SentBefore]:
        return self.known

    async def ask(self, question: Question) -> BotAnswer:
        await self._took(question)
        return BotAnswer((BotReply(text="Have you tried to restart it?"),))

    async def call(self, call: OutgoingCall) -> CallResult:
        await self._took(call)
        return (
            CallResult(status=500, why="It failed.") if self.name == "a" else CallResult(status=204)
        )

    async def close(self) -> None:
        pass


@dataclass
class TwoProcesses:
    """Two processes on one database. Process ``a`` freezes during its work, and ``b`` does not."""

    clock: MovedClock
    story: Story
    other: Store
    a: World = field(default_factory=lambda: World("a"))
    b: World = field(default_factory=lambda: World("b"))

    def worker(self, world: World, kind: Work, store: Store) -> Worker:
        none: Any = world
        deps = WorkerDeps(
            store=store, provider=none, bot=none, mailer=none, webhook=none, clock=self.clock
        )
        return Worker(deps, frozenset({kind}))

    async def drill(
        self, kind: Work, meanwhile: Callable[[], Awaitable[object]] | None = None
    ) -> None:
        """Process ``a`` claims work and makes a call. Its lease ends, and ``b`` claims and finishes
        the work. Then ``a`` gets its answer and tries to finish.
        """
        a, b = self.worker(self.a, kind, self.story.store), self.worker(self.b, kind, self.other)
        self.b.thawed.set()
        frozen = asyncio.create_task(a.step())
        await self.a.reached.wait()
        self.clock.move(LEASE)
        while await b.step():
            pass
        if meanwhile is not None:
            await meanwhile()
        self.a.thawed.set()
        await frozen


@pytest.fixture
async def two(story: Story, clock: MovedClock, database_url: str) -> Any:
    other = Store(database_url, clock=clock, settings=OperationSettings(), after_commit=Heard())
    yield TwoProcesses(clock, story, other)
    other.close()


async def test_a_bot_turn_gets_one_answer(
    two: TwoProcesses, story: Story, clock: MovedClock
) -> None:
    interaction = (await story.text("my laptop won't start")).interaction_id or 0
    clock.move(2)
    await two.drill(Work.BOT_TURN)
    assert await story.texted(interaction) == ["Have you tried to restart it?"]
    assert await story.count(t.work_items) == 0, "the repeated answer causes no handoff"
    assert [q.turn_id for q in two.a.calls + two.b.calls] == ["1", "1"]


async def test_a_bot_answer_is_dropped_while_another_process_asks(
    two: TwoProcesses, story: Story, clock: MovedClock
) -> None:
    interaction = (await story.text("my laptop won't start")).interaction_id or 0
    clock.move(2)
    a = two.worker(two.a, Work.BOT_TURN, story.store)
    b = two.worker(two.b, Work.BOT_TURN, two.other)
    first = asyncio.create_task(a.step())
    await two.a.reached.wait()
    clock.move(LEASE)
    second = asyncio.create_task(b.step())
    await two.b.reached.wait()
    two.a.thawed.set()
    await first
    assert await story.texted(interaction) == []
    two.b.thawed.set()
    await second
    assert await story.texted(interaction) == ["Have you tried to restart it?"]


async def test_a_late_bot_answer_is_still_stored_as_a_note(
    two: TwoProcesses, story: Story, clock: MovedClock
) -> None:
    interaction = (await story.text("my laptop won't start")).interaction_id or 0
    clock.move(2)
    a = two.worker(two.a, Work.BOT_TURN, story.store)
    first = asyncio.create_task(a.step())
    await two.a.reached.wait()
    await story.write(interaction, "Mia here", MIA)
    two.a.thawed.set()
    await first
    lines = await story.lines(interaction)
    assert [line.body for line in lines if line.event is Event.LATE_REPLY] == [
        "Have you tried to restart it?"
    ]
    assert await story.texted(interaction) == ["Mia here"]


async def test_a_text_is_sent_once_and_keeps_its_id(
    two: TwoProcesses, story: Story, clock: MovedClock
) -> None:
    interaction = await story.with_agent(MIA)
    settle = two.worker(World("before"), Work.DELIVER, story.store)
    settle._deps.provider.thawed.set()  # type: ignore[attr-defined]  # what the desk said before
    while await settle.step():
        pass
    message = await story.write(interaction, "Hello")
    two.b.known = [SentBefore(sid="SMa", status=Status.SENDING)]

    async def looks_up() -> None:
        clock.move(30)
        while await two.worker(two.b, Work.DELIVER, two.other).step():
            pass

    await two.drill(Work.DELIVER, looks_up)
    assert (len(two.a.calls), len(two.b.calls)) == (1, 0)
    (row,) = await story.rows(t.messages, t.messages.c.id == message)
    assert (row.provider_sid, row.status) == ("SMa", "sending"), "the frozen process stored nothing"
    assert await story.count(t.due_work, t.due_work.c.kind == Work.DELIVER) == 0


async def test_a_send_that_froze_before_it_began_does_not_disturb_the_other(
    two: TwoProcesses, story: Story, clock: MovedClock
) -> None:
    interaction = await story.with_agent(MIA)
    await story.store.write(lambda tx, _: due_work.cancel(tx, Work.DELIVER, range(100)), None)
    message = await story.write(interaction, "Hello")
    (claimed,) = await story.store.write(
        claiming.claim, claiming.Claim(5, frozenset({Work.DELIVER}))
    )
    clock.move(LEASE)
    b = asyncio.create_task(two.worker(two.b, Work.DELIVER, two.other).step())
    await two.b.reached.wait()
    await two.worker(two.a, Work.DELIVER, story.store)._do(claimed)
    (row,) = await story.rows(t.messages, t.messages.c.id == message)
    assert (row.status, two.a.calls) == ("sending", []), (
        "the status does not become unknown while another process sends the text"
    )
    two.b.thawed.set()
    await b
    (row,) = await story.rows(t.messages, t.messages.c.id == message)
    assert row.provider_sid == "SMb"


async def test_a_code_is_mailed_again_and_the_late_answer_is_ignored(
    two: TwoProcesses, story: Story, clock: MovedClock
) -> None:
    proving = Proving(story)
    await proving.begin()
    await proving.claims("E1001")
    await two.drill(Work.MAIL_CODE)
    assert (len(two.a.calls), len(two.b.calls)) == (1, 1), "the code of the second mail is valid"
    assert await story.count(t.due_work, t.due_work.c.kind == Work.MAIL_CODE) == 0


async def test_an_accepted_webhook_call_is_not_repeated(two: TwoProcesses, story: Story) -> None:
    fields = WebhookFields(
        name="Tickets", url="https://tickets.example/hook", events=(WebhookEvent.CASE_CREATED,)
    )
    await story.store.write(put_webhook, PutWebhook(fields=fields, secret="whsec_" + "a" * 32))
    await story.store.write(
        open_by_hand, OpenByHand(agent_id=MIA, description="Dock is dead", user_id=1)
    )
    await two.drill(Work.CALL_WEBHOOK)
    (row,) = await story.rows(t.webhook_calls)
    assert (row.state, row.status) == ("delivered", 204)
    assert await story.count(t.due_work, t.due_work.c.kind == Work.CALL_WEBHOOK) == 0


async def test_a_timer_fires_once(two: TwoProcesses, story: Story, clock: MovedClock) -> None:
    interaction = await story.with_agent(MIA, number=ANN)
    clock.move(3600)
    (claimed, *_) = await story.store.write(
        claiming.claim, claiming.Claim(5, frozenset({Work.TIMER}))
    )
    clock.move(LEASE)
    while await two.worker(two.b, Work.TIMER, two.other).step():
        pass
    before = [line.id for line in await story.lines(interaction)]
    await two.worker(two.a, Work.TIMER, story.store)._do(claimed)
    assert [line.id for line in await story.lines(interaction)] == before


async def test_a_lost_claim_is_logged_and_does_not_disturb_the_new_owner(
    two: TwoProcesses,
    story: Story,
    clock: MovedClock,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(logging.getLogger("patchboard"), "propagate", True)
    await story.text("my laptop won't start")
    clock.move(2)
    (old,) = await story.store.write(claiming.claim, claiming.Claim(5, frozenset({Work.BOT_TURN})))
    clock.move(LEASE)
    (new,) = await two.other.write(claiming.claim, claiming.Claim(5, frozenset({Work.BOT_TURN})))
    assert old.id == new.id
    await two.worker(two.a, Work.BOT_TURN, story.store)._do(old)
    assert "action=claim_lost kind=bot_turn key=1 attempts=1" in caplog.text
    (row,) = await story.rows(t.due_work, t.due_work.c.kind == Work.BOT_TURN)
    assert (row.token, row.lease_until) == (new.token, new.until)


async def test_a_claim_is_renewed_while_the_work_runs(
    two: TwoProcesses, story: Story, clock: MovedClock
) -> None:
    await story.text("my laptop won't start")
    clock.move(2)
    wish = claiming.Claim(5, frozenset({Work.BOT_TURN}))
    (mine,) = await story.store.write(claiming.claim, wish)
    clock.move(LEASE - 1)
    await story.store.write(claims.renew, [mine])
    clock.move(LEASE - 1)
    assert await two.other.write(claiming.claim, wish) == []
    clock.move(1)
    (theirs,) = await two.other.write(claiming.claim, wish)
    await story.store.write(claims.renew, [mine])
    (row,) = await story.rows(t.due_work, t.due_work.c.kind == Work.BOT_TURN)
    assert row.lease_until == theirs.until, "a lost claim is not renewed"


async def test_work_that_is_being_finished_cannot_be_claimed(
    two: TwoProcesses, story: Story, clock: MovedClock
) -> None:
    """No other process can claim the work between the check and the write, because a claim skips
    the locked row.
    """
    await story.text("my laptop won't start")
    clock.move(2)
    wish = claiming.Claim(5, frozenset({Work.BOT_TURN}))
    (mine,) = await story.store.write(claiming.claim, wish)
    clock.move(LEASE)
    seen = asyncio.Event()
    loop = asyncio.get_running_loop()

    def finishes(tx: Transaction, _: None) -> object:
        loop.call_soon_threadsafe(seen.set)
        claimed = asyncio.run_coroutine_threadsafe(two.other.write(claiming.claim, wish), loop)
        if tx.conn.dialect.name == "postgresql":  # SQLite has one writer, so the claim waits
            assert claimed.result(10) == []
        due_work.cancel(tx, Work.BOT_TURN, ["1"])
        return claimed

    claimed = await story.store.write(fenced(finishes), HeldClaim(mine, None))
    assert seen.is_set()
    assert await asyncio.wrap_future(claimed) == []
    lost = await story.store.write(fenced(finishes), HeldClaim(mine, None))
    assert isinstance(lost, ClaimLost)


async def test_a_batch_leaves_out_only_the_work_whose_claim_was_lost(
    story: Story, clock: MovedClock
) -> None:
    await story.text("one")
    await story.text("two", number="+12025550102")
    clock.move(2)
    both = await story.store.write(claiming.claim, claiming.Claim(5, frozenset({Work.BOT_TURN})))
    taken = update(t.due_work).where(t.due_work.c.id == both[0].id).values(token=1)
    await story.store.write(lambda tx, _: tx.conn.execute(taken) and None, None)
    keys: SetBased[str, str] = SetBased(lambda _tx, commands: [key.upper() for key in commands])
    answers = await story.store.write(
        lambda tx, held: fenced(keys).run(tx, held),
        [HeldClaim(both[0], "a"), HeldClaim(both[1], "b")],
    )
    assert isinstance(answers[0], ClaimLost)
    assert answers[1:] == ["B"]
