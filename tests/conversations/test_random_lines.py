"""Random texts, closings and handoffs on a few lines, on both databases. These invariants must
always hold: at most one active interaction on a line, no message without an interaction, at most
one active profile for a number, no gap in the sequence numbers of a conversation, and no open
conversation without an owner or scheduled work.
"""

import asyncio
from collections.abc import Coroutine
from itertools import count
from typing import Any

import sqlalchemy as sa
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test

from handoff_service.errors import Refusal
from handoff_service.gateways.twilio.errors import ERRORS
from handoff_service.rules.shared.vocabulary import Owner, Work
from handoff_service.store.engine import tables as t
from handoff_service.store.engine.store import Store
from handoff_service.store.engine.transaction import OperationSettings
from tests.conftest import Heard, MovedClock
from tests.support.story import DIRECT, MAIN, MIA, OMAR, Story

_numbers = count(1)
LINES = st.tuples(st.integers(0, 1), st.sampled_from([MAIN, DIRECT]))
i, m, p = t.interactions, t.messages, t.messaging_profiles

TWO_ACTIVE = (
    sa.select(i.c.requester_number)
    .where(i.c.closed_at.is_(None))
    .group_by(i.c.requester_number, i.c.provider_number_id)
    .having(sa.func.count() > 1)
)
TWO_PROFILES = (
    sa.select(p.c.number).where(p.c.active).group_by(p.c.number).having(sa.func.count() > 1)
)
WITHOUT = sa.select(m.c.id).where(m.c.interaction_id.not_in(sa.select(i.c.id)))
GAPS = (
    sa.select(i.c.id)
    .join(m, m.c.interaction_id == i.c.id)
    .group_by(i.c.id, i.c.last_seq)
    .having(sa.or_(sa.func.count() != i.c.last_seq, sa.func.max(m.c.seq) != i.c.last_seq))
)
UNOWNED = sa.select(i.c.id).where(i.c.closed_at.is_(None) == (i.c.owner == Owner.NONE))
WAITING_ITEM = sa.select(t.work_items.c.interaction_id).where(
    t.work_items.c.state.in_(["queued", "pending_accept"])
)
FORGOTTEN = sa.select(i.c.id).where(i.c.owner == Owner.QUEUE, i.c.id.not_in(WAITING_ITEM))
LEFT_OVER = sa.select(i.c.id).where(i.c.owner != Owner.QUEUE, i.c.id.in_(WAITING_ITEM))
UNANSWERED = sa.select(i.c.id).where(
    i.c.owner == Owner.VIRTUAL_AGENT,
    sa.cast(i.c.id, sa.Text).not_in(
        sa.select(t.due_work.c.key).where(t.due_work.c.kind == Work.BOT_TURN)
    ),
    sa.select(m.c.id)
    .where(
        m.c.interaction_id == i.c.id,
        m.c.direction == "inbound",
        m.c.seq
        > sa.func.coalesce(
            sa.select(sa.func.max(t.bot_turns.c.up_to_seq))
            .where(t.bot_turns.c.interaction_id == i.c.id, t.bot_turns.c.answered_at.is_not(None))
            .scalar_subquery(),
            0,
        ),
    )
    .exists(),
)
NEVER = {
    "two active interactions on a line": TWO_ACTIVE,
    "two active profiles for a number": TWO_PROFILES,
    "a message without an interaction": WITHOUT,
    "a gap in the sequence numbers of a conversation": GAPS,
    "an active conversation without an owner, or a closed one with an owner": UNOWNED,
    "a conversation in a queue without a work item": FORGOTTEN,
    "a waiting work item whose conversation does not wait": LEFT_OVER,
    "a text to the virtual agent without scheduled work that answers it": UNANSWERED,
}


class Lines(RuleBasedStateMachine):
    """Two requesters, two company numbers, two agents, one bot."""

    url = ""

    def __init__(self) -> None:
        super().__init__()
        self.runner = asyncio.Runner()
        self.clock = MovedClock()
        self.runner.run(self._open())
        self.numbers = [f"+1202555{next(_numbers):04d}" for _ in range(2)]
        self.seen: list[int] = []

    async def _open(self) -> None:
        self.story = Story(
            Store(
                self.url,
                clock=self.clock,
                settings=OperationSettings(send_errors=ERRORS),
                after_commit=Heard(),
            )
        )
        await self.story.available(MIA, OMAR)

    def do(self, act: Coroutine[Any, Any, Any]) -> Any:
        """Take one step. If the service refuses it, the invariants check that it has changed
        nothing.
        """
        try:
            return self.runner.run(act)
        except Refusal:
            return None

    def pick(self, which: int) -> int:
        return self.seen[which % len(self.seen)] if self.seen else 0

    @rule(lines=st.lists(LINES, min_size=1, max_size=4))
    def texts_at_once(self, lines: list[tuple[int, str]]) -> None:
        async def all_at_once() -> list[Any]:
            return await asyncio.gather(
                *(self.story.text(number=self.numbers[n], to=to) for n, to in lines)
            )

        self.seen += [
            r.interaction_id for r in self.do(all_at_once()) if r.interaction_id not in self.seen
        ]

    @rule(which=st.integers(0, 9), agent=st.sampled_from([MIA, OMAR]))
    def an_agent_closes(self, which: int, agent: int) -> None:
        self.do(self.story.close(self.pick(which), agent))

    @rule(
        which=st.integers(0, 9), how=st.sampled_from(["answers", "hands over", "fails", "is late"])
    )
    def the_bot_takes_a_turn(self, which: int, how: str) -> None:
        async def turn() -> None:
            if how == "hands over":
                if await self.story.begin(self.pick(which)):
                    await self.story.hand_off(self.pick(which))
                return
            question = await self.story.begin(self.pick(which))
            if question is None:
                return
            if how == "is late":
                await self.story.write(self.pick(which), "I take this", MIA)
            await self.story.finish(question, *([] if how == "fails" else ["Hello"]))

        self.do(turn())

    @rule(which=st.integers(0, 9), agent=st.sampled_from([MIA, OMAR]))
    def an_agent_writes(self, which: int, agent: int) -> None:
        self.do(self.story.write(self.pick(which), "hello", agent))

    @rule()
    def work_is_offered(self) -> None:
        self.do(self.story.offer())

    @rule(agent=st.sampled_from([MIA, OMAR]))
    def an_agent_accepts(self, agent: int) -> None:
        offers = self.do(self.story.inbox(agent))
        if offers:
            self.do(self.story.accept(offers[0].id, agent))

    @invariant()
    def no_invariant_is_violated(self) -> None:
        for never, query in NEVER.items():
            found = self.runner.run(
                self.story.store.read(lambda conn, query=query: conn.execute(query).all())
            )
            assert not found, never

    def teardown(self) -> None:
        self.runner.run(self._finish())
        self.runner.close()

    async def _finish(self) -> None:
        for interaction in self.seen:
            try:
                await self.story.close(interaction)
            except Refusal:
                continue
        self.story.store.close()


def test_random_texts_and_closings_keep_the_invariants(database_url: str) -> None:
    machine = type("LinesHere", (Lines,), {"url": database_url})
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=15,
            stateful_step_count=20,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
