"""Dry runs of a change to the desk: they compute numbers before and after the change from the
stored past.
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import pytest

from handoff_service.errors import BadInput, Conflict
from handoff_service.gateways.bot.no_bot import NoBot
from handoff_service.operations.reports.replays import (
    StartReplay,
    cancel_replay,
    start_replay,
)
from handoff_service.operations.routing.queues import ChangeQueue, change_queue
from handoff_service.operations.shared.job import WorkerDeps
from handoff_service.rules.routing.replay_change import (
    AgentChange,
    AvailableAs,
    QueueChange,
    ReplayChange,
    ReplayState,
)
from handoff_service.rules.routing.replay_figures import QueueFigures, ReplayFigures
from handoff_service.rules.routing.targets import QueueTargets
from handoff_service.rules.shared.vocabulary import State, TargetKind, Work
from handoff_service.store.engine import tables as t
from handoff_service.store.reports import replays
from handoff_service.store.reports.replays import ReplayResult, StoredReplay
from handoff_service.worker import Worker
from tests.conftest import MovedClock
from tests.reports.test_a_month import end
from tests.support.story import DIRECT, MIA, OMAR, Story

ANN, BOB, CARL = "+12025550301", "+12025550302", "+12025550303"
FIRST = TargetKind.FIRST_RESPONSE


@pytest.fixture
async def past(story: Story, clock: MovedClock) -> Story:
    """Mia can have one conversation at a time. It is Monday, 2 November, 14:00 UTC.

    | who | comes at | Mia gets it at | answered at | closed at |
    |---|---|---|---|---|
    | Ann | 14:00 | 14:00 | 14:02 | 14:30 |
    | Bob | 14:10 | 14:30 | 14:33 | 14:50 |
    | Carl | 14:20 | nobody | | 14:25 |
    """
    await story.store.write(
        change_queue,
        ChangeQueue(
            id=1,
            values={"targets": (QueueTargets(priority=3, first_response=15),), "schedule": None},
        ),
    )
    await capacity(story, MIA, 1)

    def at(minute: int) -> None:
        clock.now = datetime(2026, 11, 2, 14, minute, tzinfo=UTC)

    async def takes() -> None:
        await story.offer()
        for one in await story.inbox(MIA):
            await story.accept(one.id, MIA)

    at(0)
    await story.available(MIA)
    ann = (await story.text(number=ANN, to=DIRECT)).interaction_id or 0
    await takes()
    at(2)
    await story.write(ann, "hello")
    at(10)
    bob = (await story.text(number=BOB, to=DIRECT)).interaction_id or 0
    at(20)
    carl = (await story.text(number=CARL, to=DIRECT)).interaction_id or 0
    at(25)
    await end(story, carl, State.CLOSED_ABANDONED)
    at(30)
    await story.close(ann)
    await takes()
    at(33)
    await story.write(bob, "hello")
    at(50)
    await story.close(bob)
    clock.now = datetime(2026, 11, 2, 18, tzinfo=UTC)
    return story


async def capacity(story: Story, agent: int, number: int) -> None:
    change = t.agents.update().where(t.agents.c.id == agent).values(capacity=number)
    await story.store.write(lambda tx, _: tx.conn.execute(change), None)


async def run(story: Story, clock: MovedClock) -> None:
    deps = WorkerDeps(store=story.store, provider=None, bot=NoBot(), clock=clock)  # type: ignore[arg-type]
    worker = Worker(deps, frozenset({Work.REPLAY}))
    while await worker.step():
        pass


async def run_replay(story: Story, clock: MovedClock, change: ReplayChange) -> ReplayResult:
    made = await story.store.write(start_replay, StartReplay(started_by=OMAR, change=change))
    await run(story, clock)
    found = await story.store.read(replays.get, made)
    assert (found.state, found.progress, found.change) == (ReplayState.DONE, 100, change)
    assert found.result is not None
    return found.result


def queue(of: ReplayFigures) -> QueueFigures:
    return of.queues[0]


def waits(of: ReplayFigures) -> tuple[int, int, int | None]:
    """Return (taken, lost, the longest wait in minutes)."""
    one = queue(of)
    return one.taken, one.lost, None if one.wait_longest is None else one.wait_longest // 60


def missed(of: ReplayFigures) -> tuple[int, int]:
    return next((one.met, one.missed) for one in queue(of).targets if one.kind is FIRST)


def loads(of: ReplayFigures) -> Mapping[int, int]:
    return {one.agent_id: one.taken for one in of.agents if one.taken}


async def test_without_a_change_the_replay_shows_what_happened(
    past: Story, clock: MovedClock
) -> None:
    found = await run_replay(past, clock, ReplayChange())
    assert found.conversations == 3
    for figures in (found.happened, found.before, found.after):
        assert waits(figures) == (2, 1, 20)
        # Bob was answered after 23 min, and Carl gave up after 5
        assert missed(figures) == (1, 1)
        assert loads(figures) == {MIA: 2}
    assert found.cannot_know


async def test_more_capacity_shortens_waits(past: Story, clock: MovedClock) -> None:
    change = ReplayChange(agents=(AgentChange(id=MIA, capacity=2),))
    found = await run_replay(past, clock, change)
    assert waits(found.before) == (2, 1, 20)
    # Bob comes at 14:10 and Mia has room. His conversation takes 20 min, until 14:30. Carl gives up
    # at 14:25, while Mia still has both.
    assert waits(found.after) == (2, 1, 0)
    assert missed(found.after) == (2, 0), "Bob gets the answer after 3 min"
    # Mia was available from 14:00 to 18:00 and had the two conversations for 30 and 20 min
    mia = next(one for one in found.after.agents if one.agent_id == MIA)
    assert mia.load == pytest.approx(50 / 240)


async def test_more_capacity_serves_the_requester_who_gave_up(
    past: Story, clock: MovedClock
) -> None:
    change = ReplayChange(agents=(AgentChange(id=MIA, capacity=3),))
    found = await run_replay(past, clock, change)
    assert waits(found.after) == (3, 0, 0)
    assert missed(found.after) == (3, 0), "Carl gets the usual answer after 2.5 min"


async def test_a_replay_applies_other_opening_hours(past: Story, clock: MovedClock) -> None:
    """The desk is in New York, where it is 09:00. The queue opens at 09:15."""
    change = ReplayChange(queues=(QueueChange(id=1, schedule="09:15-18:00"),))
    found = await run_replay(past, clock, change)
    # Ann waits 15 min, until 14:15, and keeps Mia until 14:45; Bob waits 35 min
    assert waits(found.after) == (2, 1, 35)
    assert missed(found.after) == (1, 1), "for Ann, only the 2 min in opening hours count"


async def test_a_replay_applies_other_members_and_availability(
    past: Story, clock: MovedClock
) -> None:
    change = ReplayChange(
        agents=(AgentChange(id=MIA, groups=()),), available=AvailableAs.OPENING_HOURS
    )
    found = await run_replay(past, clock, change)
    assert loads(found.before).keys() != {MIA}, "Omar is also available"
    assert MIA not in loads(found.after)
    nobody = ReplayChange(agents=(AgentChange(id=MIA, groups=()),))
    assert waits((await run_replay(past, clock, nobody)).after) == (0, 3, None)


async def test_a_replay_applies_other_skills_and_targets(past: Story, clock: MovedClock) -> None:
    skills = ReplayChange(queues=(QueueChange(id=1, skills=("welding",)),))
    assert waits((await run_replay(past, clock, skills)).after) == (0, 3, None)
    targets = (QueueTargets(priority=3, first_response=30),)
    found = await run_replay(
        past, clock, ReplayChange(queues=(QueueChange(id=1, targets=targets),))
    )
    assert (missed(found.before), missed(found.after)) == ((1, 1), (2, 0))


async def test_a_supervisor_cancels_a_waiting_dry_run(past: Story, clock: MovedClock) -> None:
    made = await past.store.write(start_replay, StartReplay(started_by=OMAR, change=ReplayChange()))
    with pytest.raises(Conflict):
        await past.store.write(start_replay, StartReplay(started_by=OMAR, change=ReplayChange()))
    await past.store.write(cancel_replay, made)
    await run(past, clock)
    found: StoredReplay = await past.store.read(replays.get, made)
    assert (found.state, found.result) == (ReplayState.CANCELED, None)
    await past.store.write(cancel_replay, made)
    assert await past.count(t.due_work, t.due_work.c.kind == Work.REPLAY) == 0


async def test_a_supervisor_cancels_a_running_dry_run(
    past: Story, clock: MovedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = await past.store.write(start_replay, StartReplay(started_by=OMAR, change=ReplayChange()))
    monkeypatch.setattr("handoff_service.operations.reports.run_replay.WRITES_EVERY", 0.0)
    read = past.store.read

    async def canceled_meanwhile(query: Any, *args: Any, **more: Any) -> Any:
        found = await read(query, *args, **more)
        if query is replays.get:
            await past.store.write(cancel_replay, made)
        return found

    monkeypatch.setattr(past.store, "read", canceled_meanwhile)
    await run(past, clock)
    monkeypatch.undo()
    assert (await past.store.read(replays.get, made)).state is ReplayState.CANCELED


@pytest.mark.parametrize(
    ("change", "field", "what"),
    [
        (QueueChange(id=1, schedule="whenever"), "queue_1_schedule", "cannot be read"),
        (QueueChange(id=99), "queues", "there is no queue 99"),
        (AgentChange(id=99), "agents", "there is no active agent 99"),
        (AgentChange(id=MIA, groups=("Poets",)), "agent_1_groups", "there is no group “Poets”"),
    ],
)
async def test_an_invalid_change_is_refused(
    story: Story, change: Any, field: str, what: str
) -> None:
    one = ReplayChange(
        queues=(change,) if isinstance(change, QueueChange) else (),
        agents=(change,) if isinstance(change, AgentChange) else (),
    )
    with pytest.raises(BadInput) as error:
        await story.store.write(start_replay, StartReplay(started_by=OMAR, change=one))
    assert what in error.value.errors[field]
