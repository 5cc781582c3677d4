"""Replay of past arrivals: who would have got each conversation, and when, with other settings.

The decisions are those of ``assignment.decide``. Everything else that people did is taken as it
was: when requesters came and gave up, when agents were available, and how long each conversation
kept its agent busy.
"""

import heapq
from bisect import bisect_right, insort
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from handoff_service.rules.routing.assignment import Candidate, Need, decide
from handoff_service.rules.shared.vocabulary import Assignment

AT_ONCE = 100  # events between two looks at the progress

type Periods = Sequence[tuple[datetime, datetime]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrival:
    """A conversation that came into a queue.

    - ``patience``: after this long without an agent, the requester was gone; None: an agent had it;
    - ``accepting``: from the offer to the agent's acceptance;
    - ``busy``: how long it kept its agent busy, without holds. For a requester who was gone, what
      is usual in its queue.
    """

    id: int
    queue_id: int
    at: datetime
    priority: int
    patience: timedelta | None
    accepting: timedelta
    busy: timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplayAgent:
    """``available``: when the agent took work, in order."""

    id: int
    name: str
    skills: frozenset[str]
    available: Periods


@dataclass(frozen=True, slots=True)
class QueueMember:
    """An agent in a queue's groups: when their group joins, and how many conversations they may
    have."""

    after_seconds: int
    capacity: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplayQueue:
    """``open``: its opening hours in the period; ``members``: agent -> their part in it."""

    rule: Assignment
    open: Periods
    mandatory: frozenset[str]
    optional: frozenset[str]
    members: Mapping[int, QueueMember]


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplayDesk:
    queues: Mapping[int, ReplayQueue]
    agents: Mapping[int, ReplayAgent]


@dataclass(frozen=True, slots=True)
class Outcome:
    """``agent_id`` None: nobody got it."""

    agent_id: int | None
    taken_at: datetime | None


@dataclass(slots=True)
class Replay:
    """A replay of arrivals until ``end``."""

    desk: ReplayDesk
    arrivals: Sequence[Arrival]
    end: datetime
    outcomes: dict[int, Outcome] = field(default_factory=dict)
    _events: list[tuple[datetime, int, int, Arrival | None]] = field(default_factory=list)
    _waiting: dict[int, list[tuple[int, datetime, int, Arrival]]] = field(default_factory=dict)
    _load: dict[int, int] = field(default_factory=dict)
    _last_assigned: dict[int, datetime] = field(default_factory=dict)
    _last_agent: dict[int, int] = field(default_factory=dict)

    def run(self) -> Iterator[float]:
        """Yields the share that is done, now and then."""
        self._prepare()
        count = max(len(self._events), 1)
        done = 0
        while self._events and self._events[0][0] <= self.end:
            now = self._events[0][0]
            while self._events and self._events[0][0] == now:
                self._happens(heapq.heappop(self._events))
                done += 1
            self._assign(now)
            if done % AT_ONCE == 0:
                yield min(done / count, 1.0)
        for one in self.arrivals:
            self.outcomes.setdefault(one.id, Outcome(None, None))

    def _prepare(self) -> None:
        """An event is (time, what, agent, arrival). What: 0 an agent is free again, 1 a requester
        is gone, 2 an arrival, 3 somebody may now be able to take work."""
        events: list[tuple[datetime, int, int, Arrival | None]] = []
        moments = {start for one in self.desk.queues.values() for start, _ in one.open}
        moments |= {start for one in self.desk.agents.values() for start, _ in one.available}
        for one in self.arrivals:
            events.append((one.at, 2, one.id, one))
            if one.patience is not None:
                events.append((one.at + one.patience, 1, one.id, one))
            pools = {m.after_seconds for m in self.desk.queues[one.queue_id].members.values()}
            moments |= {one.at + timedelta(seconds=after) for after in pools if after}
        events += [(at, 3, number, None) for number, at in enumerate(sorted(moments))]
        heapq.heapify(events)
        self._events = events

    def _happens(self, event: tuple[datetime, int, int, Arrival | None]) -> None:
        _, what, number, arrival = event
        if what == 0:
            self._load[number] -= 1
        elif what == 1 and arrival is not None:
            self.outcomes.setdefault(arrival.id, Outcome(None, None))
        elif what == 2 and arrival is not None:
            queue = self._waiting.setdefault(arrival.queue_id, [])
            insort(queue, (arrival.priority, arrival.at, arrival.id, arrival), key=lambda x: x[:3])

    def _assign(self, now: datetime) -> None:
        """Offer what waits: the highest priority first, then the oldest. When nobody can take the
        first of a queue, nobody can take the others."""
        heads = []
        for queue_id, waiting in self._waiting.items():
            self._skip_gone(waiting)
            if waiting and _holds(self.desk.queues[queue_id].open, now):
                heads.append((waiting[0][:3], queue_id))
        heapq.heapify(heads)
        while heads:
            _, queue_id = heapq.heappop(heads)
            waiting = self._waiting[queue_id]
            if self._offer(waiting[0][3], now):
                waiting.pop(0)
                self._skip_gone(waiting)
                if waiting:
                    heapq.heappush(heads, (waiting[0][:3], queue_id))

    def _skip_gone(self, waiting: list[tuple[int, datetime, int, Arrival]]) -> None:
        while waiting and waiting[0][2] in self.outcomes:
            waiting.pop(0)

    def _offer(self, one: Arrival, now: datetime) -> bool:
        queue = self.desk.queues[one.queue_id]
        candidates = [
            self._candidate(agent_id, member)
            for agent_id, member in queue.members.items()
            if self._load.get(agent_id, 0) < member.capacity
            and _holds(self.desk.agents[agent_id].available, now)
        ]
        if not candidates:
            return False
        need = Need(
            rule=queue.rule,
            waited=now - one.at,
            mandatory=queue.mandatory,
            optional=queue.optional,
            last_agent=self._last_agent.get(one.queue_id),
        )
        chosen = decide(candidates, need).chosen
        if not chosen:
            return False
        self._take(one, chosen[0].agent_id, now)
        return True

    def _candidate(self, agent_id: int, member: QueueMember) -> Candidate:
        agent = self.desk.agents[agent_id]
        return Candidate(
            agent_id=agent_id,
            name=agent.name,
            presence="available",
            takes_work=True,
            capacity=member.capacity,
            load=self._load.get(agent_id, 0),
            skills=agent.skills,
            after_seconds=member.after_seconds,
            last_assigned_at=self._last_assigned.get(agent_id),
        )

    def _take(self, one: Arrival, agent_id: int, now: datetime) -> None:
        taken_at = now + one.accepting
        self.outcomes[one.id] = Outcome(agent_id, taken_at)
        self._load[agent_id] = self._load.get(agent_id, 0) + 1
        self._last_assigned[agent_id] = now
        self._last_agent[one.queue_id] = agent_id
        heapq.heappush(self._events, (taken_at + one.busy, 0, agent_id, None))


def _holds(periods: Periods, at: datetime) -> bool:
    """Whether a moment is in one of the periods, which are in order."""
    place = bisect_right(periods, at, key=lambda one: one[0]) - 1
    return place >= 0 and at < periods[place][1]
