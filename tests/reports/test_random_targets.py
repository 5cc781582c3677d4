"""In random histories, the stored running targets agree with those computed from the lines."""

import random
from contextlib import suppress
from datetime import datetime
from typing import Any

import pytest
from sqlalchemy import Connection

from handoff_service.errors import Refusal
from handoff_service.lib.opening_hours import Schedule
from handoff_service.operations.conversations.change_interaction import (
    ChangeInteraction,
    change_interaction,
)
from handoff_service.operations.routing.queues import ChangeQueue, change_queue, make_queue
from handoff_service.operations.routing.transfer import Transfer, transfer
from handoff_service.operations.virtual_agent.return_to_virtual_agent import (
    ReturnToBot,
    return_to_bot,
)
from handoff_service.rules.reports.target_facts import LIVE, spans_of
from handoff_service.rules.routing.queues import QueueFields, QueuePool
from handoff_service.rules.routing.targets import QueueTargets, due_moment, minutes_of
from handoff_service.rules.shared.vocabulary import State, TargetKind
from handoff_service.store.engine import tables as t
from handoff_service.store.reports import records
from tests.conftest import MovedClock
from tests.support.story import DIRECT, MAIN, MIA, OMAR, Story

PEOPLE = [f"+1202555{n:04}" for n in range(300, 302)]
HOURS = "Mo-Sa 08:00-17:00"
FIRST = tuple(
    QueueTargets(priority=n, first_response=10 * n, next_response=15 * n, resolution=300)
    for n in (1, 3)
)
SECOND = (QueueTargets(priority=3, first_response=7, resolution=100),)
STEPS = 60
ACTS = [
    "text", "text", "text", "text", "hand off", "hand off", "offer", "offer", "write", "write",
    "write", "hold", "resume",
    "return", "transfer", "priority", "answer of the bot", "close",
]  # fmt: skip


@pytest.mark.parametrize("seed", [1])
async def test_running_targets_agree_with_the_lines(
    story: Story, clock: MovedClock, seed: int
) -> None:
    chance = random.Random(seed)
    await story.store.write(
        change_queue, ChangeQueue(id=1, values={"targets": FIRST, "schedule": HOURS})
    )
    pools = (QueuePool(group="Service desk"),)
    other = await story.store.write(
        make_queue, QueueFields(name="Other", pools=pools, targets=SECOND, schedule=HOURS)
    )
    targets = {1: FIRST, other: SECOND}
    seen = set[str]()
    await story.available(MIA, OMAR)
    for _ in range(STEPS):
        with suppress(Refusal):
            await _something(story, chance, other)
        seen |= await story.store.read(_compared, targets)
        clock.move(chance.choice([1, 60, 600, 7200, 40_000]))
    assert {TargetKind.FIRST_RESPONSE, TargetKind.RESOLUTION} <= seen


async def _something(story: Story, chance: random.Random, other: int) -> None:
    """Do one random action."""
    active = await story.rows(t.interactions, t.interactions.c.closed_at.is_(None))
    act = chance.choice(ACTS)
    one = chance.choice(active) if active else None
    if act == "text" or one is None:
        await story.text("hello", number=chance.choice(PEOPLE), to=chance.choice([MAIN, DIRECT]))
    elif act == "hand off" and one.owner == "virtual_agent":
        with suppress(AssertionError):  # There is no turn to answer.
            await story.hand_off(one.id)
    elif act == "answer of the bot" and one.owner == "virtual_agent":
        question = await story.begin(one.id)
        if question is not None:
            await story.finish(question, "I am a bot")
    elif act == "offer":
        await story.offer()
        for agent in (MIA, OMAR):
            for offered in (await story.inbox(agent))[:1]:
                await story.accept(offered.id, agent)
    elif one.owner == "agent":
        await _by_agent(story, chance, act, one, other)


async def _by_agent(story: Story, chance: random.Random, act: str, one: Any, other: int) -> None:
    agent = one.assigned_to
    changes: dict[str, dict[str, Any]] = {
        "hold": {"state": State.ON_HOLD},
        "resume": {"state": State.WORK_IN_PROGRESS},
        "priority": {"priority": chance.choice([1, 2, 3])},
    }
    if act == "write":
        await story.write(one.id, "hi", agent=agent)
    elif act == "return":
        back = ReturnToBot(interaction_id=one.id, agent_id=agent, outcome="done")
        await story.store.write(return_to_bot, back)
    elif act == "transfer":
        to = chance.choice([1, other])
        await story.store.write(
            transfer, Transfer(interaction_id=one.id, agent_id=agent, to_queue=to)
        )
    elif act == "close":
        await story.close(one.id, agent=agent)
    elif act in changes:
        command = ChangeInteraction(interaction_id=one.id, agent_id=agent, **changes[act])
        await story.store.write(change_interaction, command)


def _compared(conn: Connection, targets: dict[int, tuple[QueueTargets, ...]]) -> set[str]:
    rows = conn.execute(t.interactions.select()).all()
    stored = {
        (r.interaction_id, r.kind): (r.started_at, r.due_at, r.soon_at)
        for r in conn.execute(t.running_targets.select())
    }
    expected = {}
    for one in rows:
        if one.closed_at is None and one.queue_id is not None:
            expected |= _expected(conn, one, targets[one.queue_id])
    assert stored == expected
    return {kind for _, kind in stored}


def _expected(conn: Connection, one: Any, targets: tuple[QueueTargets, ...]) -> dict[Any, Any]:
    of = records.load(conn, [one.id])[one.id]
    hours = Schedule(HOURS, "America/New_York", "US")
    found: dict[Any, tuple[datetime, datetime | None, datetime | None]] = {}
    for span in spans_of(of.record.lines, None):
        if span.ended_at is not None:
            continue
        if span.kind is not TargetKind.RESOLUTION and one.owner not in LIVE:
            continue  # The virtual agent answers next.
        minutes = minutes_of(targets, one.priority, span.kind)
        if minutes is not None:
            due = due_moment(span.started_at, minutes, of.holds, hours)
            found[one.id, span.kind] = (span.started_at, due.due_at, due.soon_at)
    return found
