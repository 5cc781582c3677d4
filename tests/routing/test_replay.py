"""The replay of arrivals on tiny desks. The expected outcomes were calculated by hand."""

from datetime import UTC, datetime, timedelta

import pytest

from handoff_service.rules.routing.replay import Outcome, Replay
from handoff_service.rules.routing.replay_input import (
    Arrival,
    Declined,
    QueueMember,
    ReplayAgent,
    ReplayDesk,
    ReplayQueue,
)
from handoff_service.rules.shared.vocabulary import Assignment

MIA, OMAR, DESK, NETWORK = 1, 2, 10, 11


def at(hour: int, minute: float = 0) -> datetime:
    return datetime(2026, 11, 2, hour, tzinfo=UTC) + timedelta(minutes=minute)


DAY = ((at(8), at(18)),)


def queue(
    *members: int, capacity: int = 1, skill: str | None = None, after: int = 0,
    hours: tuple[tuple[datetime, datetime], ...] = DAY, affinity: int = 0,
) -> ReplayQueue:  # fmt: skip
    """``after``: the seconds until the second member joins."""
    return ReplayQueue(
        rule=Assignment.MOST_CAPACITY,
        open=hours,
        mandatory=frozenset({skill} if skill else ()),
        optional=frozenset(),
        members={m: QueueMember(after if n else 0, capacity) for n, m in enumerate(members)},
        affinity=timedelta(days=affinity),
    )


def agent(number: int, *skills: str, available: object = DAY) -> ReplayAgent:
    return ReplayAgent(
        id=number, name=f"Agent {number}", skills=frozenset(skills), available=available  # type: ignore[arg-type]
    )  # fmt: skip


def arrival(
    number: int, when: datetime, *, busy: float = 10, queue_id: int = DESK, priority: int = 3,
    patience: float | None = None, accepting: float = 0, requester: str = "",
    declines: dict[int, tuple[Declined, ...]] | None = None,
) -> Arrival:  # fmt: skip
    """Times are in minutes."""
    return Arrival(
        id=number,
        queue_id=queue_id,
        at=when,
        priority=priority,
        patience=None if patience is None else timedelta(minutes=patience),
        accepting=timedelta(minutes=accepting),
        busy=timedelta(minutes=busy),
        requester=requester,
        declines=declines or {},
    )


def replayed(
    queues: dict[int, ReplayQueue], agents: list[ReplayAgent], *arrivals: Arrival
) -> dict[int, tuple[int, datetime] | None]:
    desk = ReplayDesk(queues=queues, agents={one.id: one for one in agents})
    replay = Replay(desk=desk, arrivals=arrivals, end=at(23))
    assert all(0 <= share <= 1 for share in replay.run())
    assert replay.outcomes.keys() == {one.id for one in arrivals}
    return {key: _plain(one) for key, one in replay.outcomes.items()}


def _plain(one: Outcome) -> tuple[int, datetime] | None:
    return None if one.agent_id is None or one.taken_at is None else (one.agent_id, one.taken_at)


def test_one_agent_accepts_one_conversation_after_another() -> None:
    found = replayed({DESK: queue(MIA)}, [agent(MIA)], *(arrival(n, at(9, n)) for n in range(3)))
    assert found == {0: (MIA, at(9)), 1: (MIA, at(9, 10)), 2: (MIA, at(9, 20))}


def test_an_agent_with_more_capacity_accepts_several_at_once() -> None:
    found = replayed(
        {DESK: queue(MIA, capacity=2)}, [agent(MIA)], *(arrival(n, at(9, n)) for n in range(3))
    )
    assert found == {0: (MIA, at(9)), 1: (MIA, at(9, 1)), 2: (MIA, at(9, 10))}


def test_a_second_agent_halves_the_wait() -> None:
    found = replayed(
        {DESK: queue(MIA, OMAR)},
        [agent(MIA), agent(OMAR)],
        *(arrival(n, at(9, n)) for n in range(3)),
    )
    assert found == {0: (MIA, at(9)), 1: (OMAR, at(9, 1)), 2: (MIA, at(9, 10))}


def test_the_highest_priority_comes_first() -> None:
    found = replayed(
        {DESK: queue(MIA)},
        [agent(MIA)],
        arrival(1, at(9)),
        arrival(2, at(9, 1)),
        arrival(3, at(9, 2), priority=1),
    )
    assert (found[3], found[2]) == ((MIA, at(9, 10)), (MIA, at(9, 20)))


@pytest.mark.parametrize(
    ("hours", "taken"),
    [(((at(8), at(18)),), at(8)), (((at(10), at(18)),), at(10)), (((at(5), at(6)),), None)],
)
def test_a_conversation_waits_until_its_queue_opens(hours: object, taken: datetime | None) -> None:
    found = replayed({DESK: queue(MIA, hours=hours)}, [agent(MIA)], arrival(1, at(7)))  # type: ignore[arg-type]
    assert found[1] == (None if taken is None else (MIA, taken))


def test_an_agent_who_is_away_accepts_nothing() -> None:
    later = ((at(9, 30), at(18)),)
    found = replayed({DESK: queue(MIA)}, [agent(MIA, available=later)], arrival(1, at(9)))
    assert found == {1: (MIA, at(9, 30))}


def test_a_required_skill_limits_the_agents() -> None:
    desk = {NETWORK: queue(MIA, OMAR, skill="network")}
    one = arrival(1, at(9), queue_id=NETWORK)
    assert replayed(desk, [agent(MIA), agent(OMAR, "network")], one) == {1: (OMAR, at(9))}
    assert replayed(desk, [agent(MIA), agent(OMAR)], one) == {1: None}


def test_the_second_pool_joins_later() -> None:
    found = replayed(
        {DESK: queue(MIA, OMAR, after=120)},
        [agent(MIA), agent(OMAR)],
        arrival(1, at(9)),
        arrival(2, at(9, 1)),
    )
    assert found == {1: (MIA, at(9)), 2: (OMAR, at(9, 3))}


def test_a_requester_gives_up_unless_an_agent_is_free_in_time() -> None:
    gone = arrival(2, at(9, 1), patience=5)
    one = {DESK: queue(MIA)}
    assert replayed(one, [agent(MIA)], arrival(1, at(9)), gone)[2] is None
    two = {DESK: queue(MIA, capacity=2)}
    assert replayed(two, [agent(MIA)], arrival(1, at(9)), gone)[2] == (MIA, at(9, 1))


def test_accepting_takes_time_and_two_queues_share_an_agent() -> None:
    found = replayed(
        {DESK: queue(MIA), NETWORK: queue(MIA)},
        [agent(MIA)],
        arrival(1, at(9), accepting=1),
        arrival(2, at(9, 1), queue_id=NETWORK),
    )
    assert found == {1: (MIA, at(9, 1)), 2: (MIA, at(9, 11))}


def declined(minutes: float, *, again: bool = True) -> tuple[Declined, ...]:
    return (Declined(after=timedelta(minutes=minutes), again=again),)


def test_the_agent_who_served_a_requester_last_comes_first() -> None:
    """Mia serves Ann at nine. At ten both agents are free, and Omar has been without an offer for
    longer.
    """
    desk = {DESK: queue(MIA, OMAR, capacity=2, affinity=7)}
    arrivals = (
        arrival(0, at(9), requester="Ann"),
        arrival(1, at(10), requester="Ann"),
        arrival(2, at(11), requester="Bob"),
    )
    agents = [agent(MIA), agent(OMAR)]
    assert replayed(desk, agents, *arrivals) == {
        0: (MIA, at(9)), 1: (MIA, at(10)), 2: (OMAR, at(11))
    }  # fmt: skip
    without = {DESK: queue(MIA, OMAR, capacity=2)}
    assert replayed(without, agents, *arrivals)[1] == (OMAR, at(10))


def test_an_agent_who_served_before_the_replayed_days_also_comes_first() -> None:
    desk = ReplayDesk(
        queues={DESK: queue(MIA, OMAR, affinity=7)},
        agents={one.id: one for one in (agent(MIA), agent(OMAR))},
    )
    served = {"Ann": (OMAR, at(8) - timedelta(days=2)), "Bob": (OMAR, at(8) - timedelta(days=9))}
    arrivals = [arrival(0, at(9), requester="Ann"), arrival(1, at(10), requester="Bob")]
    replay = Replay(desk=desk, arrivals=arrivals, end=at(23), served=served)
    list(replay.run())
    assert [replay.outcomes[n].agent_id for n in (0, 1)] == [OMAR, MIA]


@pytest.mark.parametrize(("again", "taken"), [(False, (OMAR, 11)), (True, (MIA, 2.5))])
def test_an_agent_who_rejected_an_offer_rejects_it_again_after_the_same_time(
    again: bool, taken: tuple[int, float]
) -> None:
    """Until the rejection, the offer counts toward Mia's load. Omar is busy then, so a new round
    offers the conversation to Mia, if she may be asked again.
    """
    desk = {DESK: queue(MIA, OMAR)}
    first = arrival(0, at(9), declines={MIA: declined(2, again=again)})
    second = arrival(1, at(9, 1))
    found = replayed(desk, [agent(MIA), agent(OMAR)], first, second)
    assert found == {0: (taken[0], at(9, taken[1])), 1: (OMAR, at(9, 1))}


def test_a_rejected_offer_does_not_block_the_others_of_its_queue() -> None:
    desk = {DESK: queue(MIA)}
    first = arrival(0, at(9), declines={MIA: declined(2, again=False)})
    found = replayed(desk, [agent(MIA)], first, arrival(1, at(9, 1)))
    assert found == {0: None, 1: (MIA, at(9, 2))}


def test_when_all_have_rejected_an_offer_the_next_round_begins_after_a_pause() -> None:
    desk = {DESK: queue(MIA)}
    found = replayed(desk, [agent(MIA)], arrival(0, at(9), declines={MIA: declined(2)}))
    assert found == {0: (MIA, at(9, 2.5))}
