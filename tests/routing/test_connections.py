"""A process reports its connected agents. It detects gaps, such as a freeze of the process. After a
gap, agents get their full grace time again.
"""

from collections.abc import Awaitable, Callable
from datetime import timedelta

import psycopg
import pytest

from handoff_service.connections import Connections
from handoff_service.operations.routing.connection import Lost, connection_lost
from handoff_service.rules.shared.vocabulary import Work
from handoff_service.store.desk.agents import agents_by_id
from handoff_service.store.engine import tables as t
from handoff_service.store.engine.store import Store
from handoff_service.store.engine.transaction import OperationSettings
from tests.conftest import Heard, MovedClock
from tests.support.story import MIA, OMAR, Story


class Time:
    """The monotonic clock and the wall clock. Both usually advance together."""

    def __init__(self, clock: MovedClock) -> None:
        self.now = 1000.0
        self.clock = clock

    def __call__(self) -> float:
        return self.now

    def pass_(self, seconds: float) -> None:
        self.now += seconds
        self.clock.move(seconds)


@pytest.fixture
def time(clock: MovedClock) -> Time:
    return Time(clock)


@pytest.fixture
def connections(store: Store, clock: MovedClock, time: Time) -> Connections:
    return Connections(store, clock, monotonic=time)


async def presence_after_decision(
    story: Story, connections: Connections, agent_id: int = MIA
) -> str:
    """Decide as the worker does at the end of the agent's grace time. Return the agent's presence
    after the decision.
    """
    lost = Lost(agent_id, connections.holds(agent_id), connections.steady_for())
    await story.store.write(connection_lost, lost)
    return (await story.store.read(agents_by_id))[agent_id].presence


async def tick_for(connections: Connections, time: Time, seconds: int) -> None:
    for _ in range(seconds):
        time.pass_(1)
        await connections.tick()


async def due_in(story: Story, clock: MovedClock, agent_id: int = MIA) -> float:
    d = t.due_work
    (work,) = await story.rows(d, d.c.kind == Work.LOST_CONNECTION, d.c.key == str(agent_id))
    return float((work.due_at - clock.now).total_seconds())


async def test_connected_agents_are_reported_every_ten_seconds_and_departures_at_once(
    story: Story, connections: Connections, clock: MovedClock, time: Time
) -> None:
    await story.available(MIA)
    async with connections.hold(MIA):
        async with connections.hold(MIA):
            assert await due_in(story, clock) == 55
        await tick_for(connections, time, 100)
        assert await due_in(story, clock) >= 45
        assert connections.holds(MIA)
    assert not connections.holds(MIA)
    await tick_for(connections, time, 1)
    assert await due_in(story, clock) == 45
    await tick_for(connections, time, 45)
    assert await presence_after_decision(story, connections) == "away"


async def freeze(time: Time) -> None:
    time.pass_(60)


async def step_forward(time: Time) -> None:
    time.clock.move(3600)


async def step_back(time: Time) -> None:
    time.clock.move(-3600)


@pytest.mark.parametrize("happens", [freeze, step_forward, step_back])
async def test_a_freeze_and_a_changed_clock_set_no_agent_to_away(
    story: Story,
    connections: Connections,
    clock: MovedClock,
    time: Time,
    happens: Callable[[Time], Awaitable[None]],
) -> None:
    """The test covers an agent with an open stream, and an agent who could not reconnect during the
    gap.
    """
    await story.available(MIA, OMAR)
    caught_up: list[bool] = []
    connections._caught_up = lambda: caught_up.append(True)
    async with connections.hold(OMAR):
        pass
    async with connections.hold(MIA):
        await tick_for(connections, time, 100)
        async with connections.hold(OMAR):
            pass
        await tick_for(connections, time, 1)
        assert connections.steady_for() >= timedelta(seconds=100)
        await happens(time)
        assert connections.steady_for() == timedelta(0), (
            "requests before the next tick also notice the gap"
        )
        assert await presence_after_decision(story, connections, MIA) == "available"
        assert await presence_after_decision(story, connections, OMAR) == "available"
        await tick_for(connections, time, 1)
        assert caught_up == [True]
        assert [await due_in(story, clock, one) for one in (MIA, OMAR)] == [55, 45]
        await tick_for(connections, time, 44)
        assert await presence_after_decision(story, connections, OMAR) == "available", (
            "the full grace time"
        )
        await tick_for(connections, time, 2)
        assert await presence_after_decision(story, connections, OMAR) == "away", (
            "no longer than the grace time"
        )
        assert await presence_after_decision(story, connections, MIA) == "available"


async def test_a_read_only_database_sets_no_agent_to_away(
    postgres_url: str,
    operation_settings: OperationSettings,
    clock: MovedClock,
    time: Time,
    heard: Heard,
) -> None:
    """A database error ends no task and sets no agent to Away. Work resumes when the database
    accepts writes again.
    """
    store = Store(postgres_url, clock=clock, settings=operation_settings, after_commit=heard)
    story, connections = Story(store), Connections(store, clock, monotonic=time)
    await story.available(MIA)
    async with connections.hold(MIA):
        read_only(postgres_url, "on")
        await tick_for(connections, time, 60)
        assert connections.steady_for() == timedelta(0)
        async with connections.hold(OMAR):
            pass
        read_only(postgres_url, "off")
        assert await presence_after_decision(story, connections) == "available"
        await tick_for(connections, time, 1)
        assert await due_in(story, clock) == 55
        time.pass_(1)
        assert connections.steady_for() == timedelta(seconds=1)
    store.close()


def read_only(url: str, value: str) -> None:
    with psycopg.connect(url, autocommit=True) as db:
        db.execute("SET default_transaction_read_only = off")
        db.execute(
            f"ALTER DATABASE {url.rpartition('/')[2]} SET default_transaction_read_only = {value}"
        )  # type: ignore[arg-type]
        db.execute(
            "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
