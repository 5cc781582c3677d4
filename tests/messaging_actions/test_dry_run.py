"""The dry run, on both databases. The last test plays random conversations and compares the dry run
with the actions that fired.
"""

import asyncio
from collections.abc import Coroutine
from datetime import timedelta
from itertools import count
from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule, run_state_machine_as_test

from handoff_service.operations.conversations.send_sms import Write, write_note
from handoff_service.operations.messaging_actions.messaging_action_fields import (
    MessagingActionEntry,
)
from handoff_service.store.engine import tables as t
from handoff_service.store.engine.store import Store
from handoff_service.store.engine.transaction import OperationSettings
from handoff_service.store.messaging_actions import dry_run, messaging_actions
from handoff_service.store.views import DryRun
from tests.conftest import Heard, MovedClock
from tests.support.action_story import AGENT, REQUESTER, Rules
from tests.support.story import ANN, BOB, DIRECT, MAIN, MIA, STRANGER, Story

_numbers = count(9000)


@pytest.fixture
async def rules(store: Store, clock: MovedClock) -> Rules:
    made = Rules(store, clock)
    await made.none()
    return made


async def dry_run_of(store: Store, event: str, duration: str, **more: Any) -> DryRun:
    """Return what an unsaved action would have done."""
    entry = MessagingActionEntry(
        name="Tried",
        event=event,
        duration=duration,
        **{"action": "prompt_agent", "text": "x", **more},
    )
    return await store.read(dry_run.dry_run, entry.to_action())


async def test_the_dry_run_counts_waits_and_those_that_last_long_enough(
    story: Story, rules: Rules
) -> None:
    ann = await story.with_agent()  # Ann waits from 09:00 on
    await rules.wait(minutes=40)
    await story.text("hello?", to=DIRECT)
    await story.store.write(
        write_note, Write(interaction_id=ann, agent_id=MIA, body="who is this?")
    )
    await rules.wait(minutes=5)
    await story.write(ann, "here")  # 45 minutes
    await rules.wait(minutes=10)
    await story.text("thanks", to=DIRECT)
    await rules.wait(days=1, minutes=10)
    bob = await story.text("hi", number=BOB, to=DIRECT)  # Ann still waits today.
    await rules.wait(hours=3)
    seen = await dry_run_of(story.store, REQUESTER, "45m")
    assert (seen.waits, seen.times, seen.share) == (3, 3, 1.0)
    assert [one.requester for one in seen.conversations] == ["Bob Ruiz", "Ann Lee", "Ann Lee"], (
        "the latest case comes first"
    )
    assert seen.conversations[0].interaction_id == bob.interaction_id
    assert (len(seen.days), sum(day.times for day in seen.days)) == (31, 3)
    assert seen.busiest is not None
    assert (f"{seen.busiest.day:%a}", seen.busiest.times) == ("Mon", 2)
    assert (await dry_run_of(story.store, REQUESTER, "46m")).times == 2
    assert (await dry_run_of(story.store, AGENT, "10m")).times == 1
    assert (await dry_run_of(story.store, AGENT, "11m")).times == 0


async def test_closing_ends_a_wait(story: Story, rules: Rules) -> None:
    ann = await story.with_agent()
    await rules.wait(minutes=30)
    await story.close(ann)
    await rules.wait(hours=5)
    assert [(await dry_run_of(story.store, REQUESTER, f"{n}m")).times for n in (29, 30, 31)] == [
        1,
        1,
        0,
    ]


async def test_conditions_use_past_values_where_stored_and_current_values_otherwise(
    story: Story, rules: Rules
) -> None:
    await story.text("hi", to=DIRECT)
    await rules.wait(minutes=20)
    ann = await story.with_agent()
    await rules.wait(minutes=20)
    for minutes, owner, state in ((10, "queue", "new"), (30, "agent", "work_in_progress")):
        for field, value in (("owner", owner), ("state", state), ("assigned", owner == "agent")):
            held = [{"field": field, "is": value}]
            assert (
                await dry_run_of(story.store, REQUESTER, f"{minutes}m", conditions=held)
            ).times == 1
            other = [{"field": field, "is_not": value}]
            assert (
                await dry_run_of(story.store, REQUESTER, f"{minutes}m", conditions=other)
            ).times == 0
    change = (
        sa.update(t.interactions)
        .where(t.interactions.c.id == ann)
        .values(priority=1, state="on_hold")
    )
    await story.store.write(lambda tx, _: tx.conn.execute(change), None)
    asked = [{"field": "priority", "at_most": 1}, {"field": "state", "is": "on_hold"}]
    seen = await dry_run_of(
        story.store, REQUESTER, "30m", conditions=asked, queues=["Service desk"]
    )
    assert (seen.times, seen.judged_by_today) == (1, ["priority", "queue", "on hold"])
    assert (await dry_run_of(story.store, REQUESTER, "10m", conditions=asked)).times == 0, (
        "the later text ended the hold"
    )
    assert (await dry_run_of(story.store, REQUESTER, "10m", provider_numbers=[MAIN])).times == 0


async def test_business_hours_follow_the_queues_schedule(story: Story, rules: Rules) -> None:
    await rules.open("Mo-Fr 08:00-18:00; PH off")
    await rules.wait(hours=8)
    await story.text("hi", to=DIRECT)  # Monday, 17:00
    await rules.wait(hours=16)
    assert [
        (await dry_run_of(story.store, REQUESTER, f"{n}h", business_hours=True)).times
        for n in (2, 3)
    ] == [1, 0]
    await rules.open("2020 Jan 01 08:00-09:00")
    seen = await dry_run_of(story.store, REQUESTER, "1m", business_hours=True)
    assert (seen.waits, seen.times, seen.judged_by_today) == (1, 0, ["the queue's schedule"])


async def test_only_waits_of_the_last_30_days_count_and_an_open_run_does_not_restart(
    story: Story, rules: Rules
) -> None:
    ann = await story.with_agent()
    await story.write(ann, "any news?")
    await rules.wait(days=20)
    await story.write(ann, "still there?")
    bob = await story.text("hi", number=BOB, to=DIRECT)
    await rules.wait(days=20)
    await story.write(ann, "hello?")  # This belongs to the run that began 40 days ago.
    assert (await dry_run_of(story.store, AGENT, "1d")).waits == 0
    assert [
        one.interaction_id for one in (await dry_run_of(story.store, REQUESTER, "1d")).conversations
    ] == [bob.interaction_id]
    await rules.wait(days=11)
    assert (await dry_run_of(story.store, REQUESTER, "1d")).waits == 0


async def test_a_desk_without_messages_has_an_empty_dry_run(story: Story) -> None:
    seen = await dry_run_of(story.store, AGENT, "1d")
    assert (seen.waits, seen.times, seen.share, seen.busiest, seen.conversations) == (
        0,
        0,
        0.0,
        None,
        [],
    )


async def test_the_dry_run_of_a_desk_with_too_many_messages_covers_fewer_days(
    story: Story, rules: Rules, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dry_run, "MAX_LINES", 3)
    for number in (ANN, BOB, STRANGER, "+12025550178"):
        await story.text("hi", number=number, to=DIRECT)
        await rules.wait(hours=1)
    seen = await dry_run_of(story.store, REQUESTER, "1m")
    assert (seen.waits, seen.until - seen.since) == (3, timedelta(hours=3))


# Random conversations -----------------------------------------------------------------------------

# Event, duration, business hours, conditions, match. Every action only prompts, so that no action
# affects another.
TRIED = [
    (REQUESTER, "1m", False, [], "all"),
    (REQUESTER, "2h", True, [], "all"),
    (REQUESTER, "10m", False, [{"field": "owner", "is": "agent"}], "all"),
    (
        REQUESTER,
        "10m",
        False,
        [{"field": "state", "is": "new"}, {"field": "assigned", "is": True}],
        "any",
    ),
    (AGENT, "1h", False, [{"field": "state", "is": "work_in_progress"}], "all"),
    (AGENT, "3h", True, [{"field": "owner", "is_not": "virtual_agent"}], "all"),
]


class Histories(RuleBasedStateMachine):
    """Three requesters, an agent, a bot, and a worker that is always running. At the end, the test
    compares the dry run with the history.
    """

    url = ""
    # The clock continues from one history to the next, because messages must be stored in order of
    # time.
    clock: MovedClock

    def __init__(self) -> None:
        super().__init__()
        self.runner = asyncio.Runner()
        self.clock.move(31 * 86_400)
        self.since = self.clock()
        self.numbers = [f"+1202555{next(_numbers):04d}" for _ in range(3)]
        self.ids = [0, 0, 0]
        self.seen: set[int] = set()
        self.story = self.do(self._open())
        self.rules = Rules(self.story.store, self.clock)

    def do(self, act: Coroutine[Any, Any, Any]) -> Any:
        return self.runner.run(act)

    async def _open(self) -> Story:
        return Story(
            Store(self.url, clock=self.clock, settings=OperationSettings(), after_commit=Heard())
        )

    @initialize()
    def add_rules(self) -> None:
        async def make() -> None:
            await self.rules.none()
            await self.rules.open("Mo-Fr 08:00-11:00,12:00-18:00; PH off")
            for n, (event, duration, business_hours, conditions, match) in enumerate(TRIED):
                more = {"business_hours": business_hours, "conditions": conditions, "match": match}
                await self.rules.add(str(n), event, duration, **more)

        self.do(make())

    @rule(who=st.integers(0, 2), to=st.sampled_from([MAIN, DIRECT]))
    def the_requester_texts(self, who: int, to: str) -> None:
        self.ids[who] = self.do(self.story.text(number=self.numbers[who], to=to)).interaction_id
        self.seen.add(self.ids[who])

    @rule(who=st.integers(0, 2))
    def the_agent_writes(self, who: int) -> None:
        if self._active(who):
            self.do(self.story.write(self.ids[who], "hello"))

    @rule(who=st.integers(0, 2))
    def the_agent_writes_a_note(self, who: int) -> None:
        if self._active(who):
            note = Write(interaction_id=self.ids[who], agent_id=MIA, body="hm")
            self.do(self.story.store.write(write_note, note))

    @rule(who=st.integers(0, 2))
    def the_bot_hands_over(self, who: int) -> None:
        if (
            self._active(who)
            and self.do(self.story.see(self.ids[who])).owner.kind == "virtual_agent"
        ):
            self.do(self.story.hand_off(self.ids[who]))

    @rule(who=st.integers(0, 2))
    def the_conversation_is_closed(self, who: int) -> None:
        if self._active(who):
            self.do(self.story.close(self.ids[who]))

    @rule(minutes=st.sampled_from([1, 9, 30, 60, 119, 600, 2880]))
    def time_passes(self, minutes: int) -> None:
        if self.clock() - self.since < timedelta(days=27):
            self.do(self.rules.wait(minutes=minutes))

    def _active(self, who: int) -> bool:
        return bool(self.ids[who]) and self.do(self.story.see(self.ids[who])).closed_at is None

    def teardown(self) -> None:
        self.do(self._compare_dry_runs())
        for who in range(3):
            self.the_conversation_is_closed(who)
        self.story.store.close()
        self.runner.close()

    async def _compare_dry_runs(self) -> None:
        """Compare the dry run of each rule with the prompts in the history."""
        prompts = [
            line
            for one in sorted(self.seen)
            for line in await self.story.lines(one)
            if line.event == "prompt"
        ]
        for stored in (await self.story.store.read(messaging_actions.list_)).values():
            said = await self.story.store.read(dry_run.dry_run, stored.action)
            found = sorted(
                one.interaction_id for one in said.conversations if one.interaction_id in self.seen
            )
            assert found == [
                line.interaction_id for line in prompts if line.body == stored.action.text
            ]


def test_the_dry_run_equals_the_real_actions(database_url: str) -> None:
    machine = type("HistoriesHere", (Histories,), {"url": database_url, "clock": MovedClock()})
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=16,
            stateful_step_count=30,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
