"""The agents to whom work assignment offers work, and its reasons for leaving out the others."""

from datetime import UTC, datetime, timedelta

import pytest

from handoff_service.rules.desk import system_message_texts
from handoff_service.rules.routing import assignment
from handoff_service.rules.routing.assignment import (
    FILTERS,
    Candidate,
    LeftOut,
    Need,
    Nobody,
    decide,
)
from handoff_service.rules.shared.vocabulary import Assignment

NOW = datetime(2026, 11, 23, 14, 0, tzinfo=UTC)
SPANISH = frozenset({"es"})
LATELY = {"last_assigned_at": NOW}
LONG_AGO = {"last_assigned_at": NOW - timedelta(hours=1)}
MOST_CAPACITY, IDLE, TURN, ALL = (
    Assignment.MOST_CAPACITY, Assignment.LONGEST_IDLE, Assignment.ROUND_ROBIN,
    Assignment.FIRST_TO_ACCEPT,
)  # fmt: skip


def agent(number: int, **facts: object) -> Candidate:
    usual: dict[str, object] = {
        "name": f"Agent {number}", "presence": "available", "takes_work": True, "capacity": 4,
        "load": 0,
    }  # fmt: skip
    return Candidate(agent_id=number, **{**usual, **facts})  # type: ignore[arg-type]


def need(rule: Assignment = MOST_CAPACITY, waited: float = 0, **facts: object) -> Need:
    return Need(rule=rule, waited=timedelta(seconds=waited), **facts)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("why", "wanted", "candidates", "chosen"),
    [
        ("no agent is online", need(), [], []),
        ("the most free capacity", need(), [agent(1, load=2), agent(2, load=1)], [2]),
        ("free capacity counts, not load", need(),
            [agent(1, load=1, capacity=2), agent(2, load=2, capacity=8)], [2]),
        ("equal capacity: the longest without an offer", need(),
         [agent(1, **LATELY), agent(2, **LONG_AGO)], [2]),
        ("an agent who never had an offer comes first", need(), [agent(1, **LATELY), agent(2)],
         [2]),
        ("longest idle, whatever the capacity", need(IDLE),
         [agent(1, **LATELY), agent(2, load=3, **LONG_AGO)],
            [2]),
        ("round robin", need(TURN, last_agent=1), [agent(1), agent(2, load=3), agent(3)], [2]),
        ("round robin starts over", need(TURN, last_agent=3), [agent(1), agent(2), agent(3)], [1]),
        ("round robin skips a full agent", need(TURN, last_agent=1),
            [agent(1), agent(2, load=4), agent(3)], [3]),
        ("an offer to all free agents", need(ALL),
         [agent(1), agent(2, load=4), agent(3, load=1)], [1, 3]),
        ("no second offer to the same agent", need(ALL, asked=frozenset({1})),
            [agent(1), agent(3)], [3]),
        ("the last agent comes first", need(affinity=1), [agent(1, load=3), agent(2)], [1]),
        ("only the last agent, although the rule is all", need(ALL, affinity=1),
         [agent(1, load=3), agent(2)], [1]),
        ("the last agent is full", need(affinity=1), [agent(1, load=4), agent(2)], [2]),
        ("optional skills before free capacity", need(optional=SPANISH),
            [agent(1), agent(2, load=3, skills=SPANISH)], [2]),
        ("mandatory skills", need(mandatory=SPANISH), [agent(1), agent(2, load=3, skills=SPANISH)],
            [2]),
        ("the second pool has not joined", need(waited=59), [agent(1, after_seconds=60)], []),
        ("the second pool has joined", need(waited=60), [agent(1, after_seconds=60)], [1]),
        ("rejected in this round", need(round=2, declined={1: (2, True)}),
            [agent(1), agent(2, load=3)], [2]),
        ("rejected in the previous round", need(round=2, declined={1: (1, True)}), [agent(1)], [1]),
        ("rejected with a final reason", need(round=2, declined={1: (1, False)}), [agent(1)], []),
    ],
)  # fmt: skip
def test_the_rule_of_the_queue_chooses_the_agents_who_get_an_offer(
    why: str, wanted: Need, candidates: list[Candidate], chosen: list[int]
) -> None:
    decision = decide(candidates, wanted)
    assert [c.agent_id for c in decision.chosen] == chosen, why
    assert {c.agent_id for c in decision.considered if c.chosen} == set(chosen)


def test_the_log_has_every_candidate_with_the_first_reason() -> None:
    wanted = need(
        waited=10,
        mandatory=SPANISH | {"vpn"},
        declined={4: (1, True), 5: (1, False)},
        asked=frozenset({6}),
    )
    can = SPANISH | {"vpn"}
    decision = decide(
        [
            agent(1, presence="lunch", takes_work=False, load=9),
            agent(2, skills=SPANISH),
            agent(3, skills=can, after_seconds=60),
            agent(4, skills=can),
            agent(5, skills=can),
            agent(6, skills=can),
            agent(7, skills=can, load=4),
            agent(8, skills=can, load=1),
            agent(9, skills=can, load=2),
        ],
        wanted,
    )
    assert [c.why for c in decision.considered] == [
        "is lunch", "lacks the skill vpn", "joins after 60 s", "rejected it in this round",
        "rejected this conversation",
        "already has this offer", "is at capacity: 4 of 4", "has the most free capacity: 1 of 4",
        "was free, but the queue's rule chose another",
    ]  # fmt: skip
    assert (decision.next_round, decision.joins_in) == (True, timedelta(seconds=50))


def test_every_reason_to_leave_out_an_agent_has_its_filter() -> None:
    assert list(FILTERS) == list(LeftOut)


@pytest.mark.parametrize(
    ("candidates", "why"),
    [
        ([], Nobody.NOBODY_ONLINE),
        ([agent(1, takes_work=False)], Nobody.NOBODY_ONLINE),
        ([agent(1, load=4)], Nobody.ALL_FULL),
    ],
)  # fmt: skip
def test_no_agent_gets_an_offer_when_nobody_is_online_or_all_are_full(
    candidates: list[Candidate], why: Nobody
) -> None:
    assert assignment.nobody(candidates) is why


def test_a_keyword_on_its_own_asks_for_the_virtual_agent() -> None:
    assert system_message_texts.wants_bot(" Bot. ")
    assert not system_message_texts.wants_bot("is this a bot?")
