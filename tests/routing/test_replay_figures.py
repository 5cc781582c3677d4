"""Waits, targets and load of a replay agree with numbers calculated by hand."""

from datetime import UTC, datetime, timedelta

import pytest

from handoff_service.lib.opening_hours import Schedule
from handoff_service.rules.routing.replay import Outcome
from handoff_service.rules.routing.replay_figures import (
    Counting,
    PastAnswers,
    TargetRules,
    quantile,
    shifted,
)
from handoff_service.rules.routing.replay_input import Arrival
from handoff_service.rules.routing.targets import HeldTime, QueueTargets, Span
from handoff_service.rules.shared.vocabulary import TargetKind

FIRST, NEXT, RESOLVED = TargetKind
MIA = 1


def at(hour: int, minute: float = 0) -> datetime:
    return datetime(2026, 11, 2, hour, tzinfo=UTC) + timedelta(minutes=minute)


ARRIVAL = Arrival(
    id=1, queue_id=10, at=at(9), priority=3, patience=None, accepting=timedelta(),
    busy=timedelta(minutes=30),
)  # fmt: skip
# An agent got the conversation after 20 min and answered after 5 more. The agent answered the next
# text within 10 min and closed the conversation at 9:50.
PAST = PastAnswers(
    spans=[
        Span(FIRST, at(9), at(9, 25), reached=True),
        Span(NEXT, at(9, 30), at(9, 40), reached=True),
        Span(RESOLVED, at(9), at(9, 50), reached=True),
    ],
    holds=[HeldTime(at(9, 41), at(9, 45))],
    taken_at=at(9, 20),
)


def times(spans: list[Span]) -> list[tuple[TargetKind, datetime, datetime | None]]:
    return [(one.kind, one.started_at, one.ended_at) for one in spans]


def test_an_earlier_offer_moves_all_later_events_forward() -> None:
    spans, holds = shifted(ARRIVAL, Outcome(MIA, at(9, 5)), PAST, at(20))
    assert times(spans) == [
        (FIRST, at(9), at(9, 10)),
        (NEXT, at(9, 15), at(9, 25)),
        (RESOLVED, at(9), at(9, 35)),
    ]
    assert holds == [HeldTime(at(9, 26), at(9, 30))]


def test_without_an_agent_the_first_response_target_runs_to_the_end() -> None:
    spans, _ = shifted(ARRIVAL, Outcome(None, None), PAST, at(20))
    assert times(spans) == [(FIRST, at(9), at(20))]
    assert not spans[0].reached


def test_a_conversation_that_no_agent_got_before_gets_the_usual_response_time() -> None:
    past = PastAnswers(usual_answer=timedelta(minutes=4))
    spans, _ = shifted(ARRIVAL, Outcome(MIA, at(9, 1)), past, at(20))
    assert times(spans) == [(FIRST, at(9), at(9, 5))]


def test_a_replay_counts_waits_targets_and_load() -> None:
    rules = TargetRules(
        targets=[QueueTargets(priority=3, first_response=20, next_response=5, resolution=60)],
        hours=Schedule(None, "UTC"),
    )
    counting = Counting(rules={10: rules}, available={MIA: [(at(8), at(10))]}, end=at(20))
    counting.add(ARRIVAL, Outcome(MIA, at(9, 20)), PAST)  # first response after 25 min
    counting.add(ARRIVAL, Outcome(MIA, at(9, 10)), PAST)  # first response after 15 min
    counting.add(ARRIVAL, Outcome(None, None), PAST)
    found = counting.figures()
    queue = found.queues[0]
    assert (queue.arrivals, queue.taken, queue.lost) == (3, 2, 1)
    # waits of 600 and 1200 s
    assert (queue.wait_median, queue.wait_p90, queue.wait_longest) == (900, 1140, 1200)
    counts = {one.kind: (one.met, one.missed) for one in queue.targets}
    assert counts == {FIRST: (1, 2), NEXT: (0, 2), RESOLVED: (2, 0)}
    # twice 30 min of 2 h
    assert [(one.agent_id, one.taken, one.load) for one in found.agents] == [(MIA, 2, 0.5)]


@pytest.mark.parametrize(
    ("values", "q", "expected"),
    [([], 0.5, None), ([7], 0.9, 7), ([1, 3], 0.5, 2), ([20, 90, 330], 0.9, 282)],
)
def test_a_quantile_interpolates(values: list[int], q: float, expected: int | None) -> None:
    assert quantile(values, q) == expected
