"""Compares random conversations with a short model of table 4's rules, on both databases. The
service restarts at random times.
"""

import asyncio
from collections.abc import Coroutine
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import count
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    rule,
    run_state_machine_as_test,
)

from handoff_service.operations.conversations.change_interaction import (
    ChangeInteraction,
    change_interaction,
)
from handoff_service.operations.messaging_actions.change_timer import (
    Cancel,
    Postpone,
    cancel_timer,
    postpone_timer,
)
from handoff_service.operations.shared import messages
from handoff_service.rules.conversations.states import AGENT_TRANSITIONS, next_state
from handoff_service.rules.shared.vocabulary import Author, State, Work
from handoff_service.store.conversations import interactions
from handoff_service.store.engine import claiming
from handoff_service.store.engine import tables as t
from handoff_service.store.engine.store import Store
from handoff_service.store.engine.transaction import OperationSettings, Transaction
from handoff_service.store.messaging_actions import messaging_actions
from tests.conftest import Heard, MovedClock
from tests.support.action_story import AGENT, REQUESTER, Rules, fired
from tests.support.story import MAIN, MIA, Story

_numbers = count(8000)
OPEN = "Mo-Su " + ",".join(
    f"{h:02}:{m:02}-{h:02}:{m + 5:02}" for h in range(24) for m in range(0, 60, 10)
)
# Name, event, minutes, business hours, required state and new state, in the admin's order.
LADDER = [
    ("r2 again", REQUESTER, 2, False, None, None),
    ("r4 open", REQUESTER, 4, True, None, None),
    ("r2", REQUESTER, 2, False, "work_in_progress", None),
    ("r2 open", REQUESTER, 2, True, None, None),
    ("r1 hold", REQUESTER, 1, False, "work_in_progress", "on_hold"),
    ("a1", AGENT, 1, False, None, None),
    ("a2 held", AGENT, 2, False, "on_hold", None),
    ("a1 open", AGENT, 1, True, None, None),
    ("a3 close", AGENT, 3, False, None, "closed_abandoned"),
    ("a6 open", AGENT, 6, True, None, None),
]


def after(at: datetime, minutes: int, *, business_hours: bool) -> datetime:
    """Return the time when this many minutes have passed, counted second by second. The first five
    of every ten minutes are business hours.
    """
    left = minutes * 60
    while left:
        left -= 1 if not business_hours or at.minute % 10 < 5 else 0
        at += timedelta(seconds=1)
    return at


@dataclass
class Model:
    """The expected state of one conversation. ``run``: the event of the open run. ``waits``: (due,
    minutes, place) of each timer.
    """

    state: str = "new"
    run: str | None = None
    waits: list[tuple[datetime, int, int]] = field(default_factory=list)
    done: list[str] = field(default_factory=list)

    def record_message(self, run: str, now: datetime) -> None:
        if run != self.run:
            of_run = [
                (n, minutes, hours)
                for n, (_, event, minutes, hours, _, _) in enumerate(LADDER)
                if event == run
            ]
            self.run, self.waits = (
                run,
                [(after(now, m, business_hours=hours), m, n) for n, m, hours in of_run],
            )

    def fire_due_timers(self, now: datetime) -> None:
        while self.waits and min(self.waits)[0] <= now and not self.state.startswith("closed"):
            name, _, _, _, needs, sets = LADDER[min(self.waits)[2]]
            self.waits.remove(min(self.waits))
            if needs in (None, self.state) and sets != self.state:
                self.done.append(f"“{name}” set this to {sets.replace('_', ' ')}" if sets else name)
                self.state = sets or self.state

    def postpone_or_cancel(self, place: int, due_at: datetime | None) -> None:
        """Let an agent postpone or cancel a timer."""
        minutes = LADDER[place][2]
        self.waits = [wait for wait in self.waits if wait[2] != place] + (
            [(due_at, minutes, place)] if due_at else []
        )


class Conversations(RuleBasedStateMachine):
    """Two requesters, an agent, a bot, and a service that restarts."""

    url = ""

    def __init__(self) -> None:
        super().__init__()
        self.runner = asyncio.Runner()
        self.clock = MovedClock()
        self.numbers = [f"+1202555{next(_numbers):04d}" for _ in range(2)]
        self.ids: list[int] = [0, 0]
        self.models = [Model(state="closed"), Model(state="closed")]
        self.runner.run(self._open())

    async def _open(self) -> None:
        self.story = Story(
            Store(self.url, clock=self.clock, settings=OperationSettings(), after_commit=Heard())
        )
        self.rules = Rules(self.story.store, self.clock)

    @initialize()
    def add_rules(self) -> None:
        self.do(self._add_ladder())

    async def _add_ladder(self) -> None:
        await self.rules.none()
        await self.rules.open(OPEN)
        for name, event, minutes, hours, needs, sets in LADDER:
            more: dict[str, Any] = {"action": "set_state", "state": sets} if sets else {}
            more["conditions"] = [{"field": "state", "is": needs}] if needs else []
            await self.rules.add(name, event, f"{minutes}m", business_hours=hours, **more)
        stored = (await self.story.store.read(messaging_actions.list_)).values()
        self.places = {one.id: place for place, one in enumerate(stored)}

    def do(self, act: Coroutine[Any, Any, Any]) -> Any:
        return self.runner.run(act)

    def open(self, who: int) -> bool:
        return not self.models[who].state.startswith("closed")

    @rule(who=st.integers(0, 1), texts=st.integers(1, 3))
    def the_requester_texts(self, who: int, texts: int) -> None:
        async def burst() -> Any:
            return await asyncio.gather(
                *(self.story.text(number=self.numbers[who], to=MAIN) for _ in range(texts))
            )

        received = self.do(burst())
        if not self.open(who):
            self.ids[who], self.models[who] = received[0].interaction_id, Model()
        model = self.models[who]
        model.state = "work_in_progress" if model.state == "on_hold" else model.state
        model.record_message(REQUESTER, self.clock())

    @rule(who=st.integers(0, 1))
    def the_agent_writes(self, who: int) -> None:
        if self.open(who):
            owner = self.do(self.story.see(self.ids[who])).owner.kind
            self.do(self.story.write(self.ids[who], "hello"))
            if owner != "agent":
                self.models[who].state = "work_in_progress"
            self.models[who].record_message(AGENT, self.clock())

    @rule(who=st.integers(0, 1), author=st.sampled_from([Author.VIRTUAL_AGENT, Author.SYSTEM]))
    def the_bot_or_the_system_texts(self, who: int, author: Author) -> None:
        def speak(tx: Transaction, _: None) -> None:
            messages.send_text(
                tx, interactions.lock(tx.conn, self.ids[who]), "You're in line", author
            )

        if self.open(who):
            self.do(self.story.store.write(speak, None))

    @rule(who=st.integers(0, 1))
    def the_conversation_is_closed(self, who: int) -> None:
        if self.open(who):
            self.do(self.story.close(self.ids[who], closing_text=""))
            self.models[who].state = "closed_complete"

    @rule(who=st.integers(0, 1), state=st.sampled_from([State.ON_HOLD, State.WORK_IN_PROGRESS]))
    def an_agent_sets_the_state(self, who: int, state: State) -> None:
        if self.open(who) and next_state(State(self.models[who].state), AGENT_TRANSITIONS[state]):
            self.do(
                self.story.store.write(
                    change_interaction,
                    ChangeInteraction(interaction_id=self.ids[who], agent_id=MIA, state=state),
                )
            )
            self.models[who].state = state

    @rule(
        who=st.integers(0, 1),
        which=st.integers(0, 5),
        seconds=st.sampled_from([None, 1, 60, 300, 3600]),
    )
    def an_agent_postpones_or_cancels_a_timer(
        self, who: int, which: int, seconds: int | None
    ) -> None:
        running = self.do(self.rules.running(self.ids[who])) if self.open(who) else []
        if not running:
            return
        timer = running[which % len(running)]
        this = {"interaction_id": self.ids[who], "timer_id": timer.id, "agent_id": MIA}
        due_at = self.clock() + timedelta(seconds=seconds) if seconds else None
        if due_at:
            self.do(self.story.store.write(postpone_timer, Postpone(**this, due_at=due_at)))
        else:
            self.do(self.story.store.write(cancel_timer, Cancel(**this)))
        self.models[who].postpone_or_cancel(self.places[timer.action_id], due_at)

    @rule(seconds=st.sampled_from([1, 30, 59, 60, 119, 120, 180, 600]), worker_is_up=st.booleans())
    def time_passes(self, seconds: int, worker_is_up: bool) -> None:
        """While the worker is down, due timers wait, and a message can arrive before the worker is
        back.
        """
        self.clock.move(seconds)
        if worker_is_up:
            self.run_worker()

    def run_worker(self) -> None:
        self.do(self.rules.fire())
        for model in self.models:
            model.fire_due_timers(self.clock())

    @rule(with_work_in_hand=st.booleans())
    def the_service_is_restarted(self, with_work_in_hand: bool) -> None:
        if with_work_in_hand:
            self.do(
                self.story.store.write(claiming.claim, claiming.Claim(10, frozenset({Work.TIMER})))
            )
        self.story.store.close()
        self.do(self._open())
        self.do(self.story.store.write(claiming.forget_leases, None))

    @invariant()
    def fired_actions_match_the_model(self) -> None:
        for number, model in zip(self.ids, self.models, strict=True):
            if number:
                said = fired(self.do(self.story.lines(number)))
                assert [line for line in said if not line.startswith("Mia Chen ")] == model.done
                assert self.do(self.story.see(number)).state == model.state
                waits = (
                    []
                    if model.state.startswith("closed")
                    else sorted(due_at for due_at, _, _ in model.waits)
                )
                assert [timer.due_at for timer in self.do(self.rules.running(number))] == waits
                work = self.do(
                    self.story.rows(
                        t.due_work, t.due_work.c.kind == Work.TIMER, t.due_work.c.key == str(number)
                    )
                )
                assert [row.due_at for row in work] == waits[:1]

    def teardown(self) -> None:
        for who in range(2):
            self.the_conversation_is_closed(who)
        self.story.store.close()
        self.runner.close()


def test_timers_of_random_conversations_agree_with_the_model(database_url: str) -> None:
    machine = type("ConversationsHere", (Conversations,), {"url": database_url})
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=16,
            stateful_step_count=25,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
