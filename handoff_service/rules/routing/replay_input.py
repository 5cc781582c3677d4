"""The input of a replay: the arrivals of a past period, and the agents and queues for them."""

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from handoff_service.rules.shared.vocabulary import Assignment

type Periods = Sequence[tuple[datetime, datetime]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Declined:
    """An offer that an agent rejected or let expire. ``after``: the time between the offer and its
    end. ``again``: whether the agent may be asked again."""

    after: timedelta
    again: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrival:
    """A conversation that entered a queue.

    - ``patience``: how long the requester waited before giving up; None: an agent got it, or
      it still waits;
    - ``accepting``: from the offer to the agent's acceptance;
    - ``busy``: how long it kept its agent busy, without holds. For a conversation that no agent
      got, it is the usual time of its queue;
    - ``requester``: the requester's number;
    - ``declines``: agent -> the agent's declined offers of this conversation, in order.
    """

    id: int
    queue_id: int
    at: datetime
    priority: int
    patience: timedelta | None
    accepting: timedelta
    busy: timedelta
    requester: str = ""
    declines: Mapping[int, Sequence[Declined]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplayAgent:
    """``available``: the periods in which the agent's presence allowed work, in order."""

    id: int
    name: str
    skills: frozenset[str]
    available: Periods


@dataclass(frozen=True, slots=True)
class QueueMember:
    """An agent in a queue's groups. ``after_seconds``: how long a conversation waits before the
    queue asks the agent's group. ``capacity``: how many conversations the agent may have."""

    after_seconds: int
    capacity: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplayQueue:
    """A queue with its settings. ``open``: its opening hours in the period. ``affinity``: how long
    a requester's last agent has priority. ``mandatory``, ``optional``: skills."""

    rule: Assignment
    open: Periods
    mandatory: frozenset[str]
    optional: frozenset[str]
    members: Mapping[int, QueueMember]
    affinity: timedelta = timedelta()


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplayDesk:
    queues: Mapping[int, ReplayQueue]
    agents: Mapping[int, ReplayAgent]


def is_within(periods: Periods, at: datetime) -> bool:
    """Whether a moment is in one of the periods, which are in order."""
    place = bisect_right(periods, at, key=lambda one: one[0]) - 1
    return place >= 0 and at < periods[place][1]
