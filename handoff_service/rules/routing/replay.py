"""Replay of past arrivals: which agent would have received each conversation, and when, with other
settings.

``assignment.decide`` makes the decisions. Everything else happens as in the past: when requesters
arrived and gave up, when agents were available, which offers they declined, and how long each
conversation kept its agent busy.
"""

import heapq
from bisect import insort
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from handoff_service.rules.routing.assignment import (
    ROUND_PAUSE,
    Candidate,
    Decision,
    Need,
    decide,
)
from handoff_service.rules.routing.replay_input import (
    Arrival,
    QueueMember,
    ReplayDesk,
    ReplayQueue,
    is_within,
)

PROGRESS_EVERY = 100  # the progress is reported when the number of events is a multiple of this


@dataclass(frozen=True, slots=True)
class Outcome:
    """The agent who got an arrival, and when. ``agent_id`` None: nobody got it."""

    agent_id: int | None
    taken_at: datetime | None


@dataclass(slots=True)
class _Answers:
    """How agents answered the offers of an arrival. ``declined``: agent -> (round, may be asked
    again)."""

    round: int = 1
    declined: dict[int, tuple[int, bool]] = field(default_factory=dict)
    last_at: datetime | None = None


@dataclass(slots=True)
class Replay:
    """A replay of arrivals until ``end``. ``served``: requester -> their last agent before the
    period, and when."""

    desk: ReplayDesk
    arrivals: Sequence[Arrival]
    end: datetime
    served: Mapping[str, tuple[int, datetime]] = field(default_factory=dict)
    outcomes: dict[int, Outcome] = field(default_factory=dict)
    _served: dict[str, tuple[int, datetime]] = field(default_factory=dict)
    _answers: dict[int, _Answers] = field(default_factory=dict)
    _offered: dict[int, int] = field(default_factory=dict)
    _declines: dict[tuple[int, int], int] = field(default_factory=dict)
    _events: list[tuple[datetime, int, int, Arrival | None]] = field(default_factory=list)
    _waiting: dict[int, list[tuple[int, datetime, int, Arrival]]] = field(default_factory=dict)
    _load: dict[int, int] = field(default_factory=dict)
    _last_assigned: dict[int, datetime] = field(default_factory=dict)
    _last_agent: dict[int, int] = field(default_factory=dict)

    def run(self) -> Iterator[float]:
        """Run the replay. Yields its progress (0 to 1) from time to time."""
        self._prepare()
        count = max(len(self._events), 1)
        done = 0
        while self._events and self._events[0][0] <= self.end:
            now = self._events[0][0]
            while self._events and self._events[0][0] == now:
                self._handle(heapq.heappop(self._events))
                done += 1
            self._assign(now)
            if done % PROGRESS_EVERY == 0:
                yield min(done / count, 1.0)
        for one in self.arrivals:
            self.outcomes.setdefault(one.id, Outcome(None, None))

    def _prepare(self) -> None:
        """Collect the events. An event is (time, kind, number, arrival). Kinds: 0 an agent has
        finished a conversation, 1 a requester has given up, 2 an arrival, 3 an agent may now be
        able to take work, 4 an agent declines an offer."""
        self._served = dict(self.served)
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

    def _handle(self, event: tuple[datetime, int, int, Arrival | None]) -> None:
        at, what, _, arrival = event
        if arrival is None:
            return
        match what:
            case 0:
                agent = self.outcomes[arrival.id].agent_id
                if agent is not None:
                    self._load[agent] -= 1
                    self._served[arrival.requester] = agent, at
            case 1:
                self.outcomes.setdefault(arrival.id, Outcome(None, None))
            case 2:
                self._wait(arrival)
            case 4:
                self._declined(arrival, at)

    def _wait(self, one: Arrival) -> None:
        queue = self._waiting.setdefault(one.queue_id, [])
        insort(queue, (one.priority, one.at, one.id, one), key=lambda x: x[:3])

    def _declined(self, one: Arrival, at: datetime) -> None:
        agent = self._offered.pop(one.id)
        self._load[agent] -= 1
        answers = self._answers.setdefault(one.id, _Answers())
        again = one.declines[agent][self._declines[one.id, agent] - 1].again
        again = again and answers.declined.get(agent, (0, True))[1]
        answers.declined[agent] = answers.round, again
        answers.last_at = at
        if one.id not in self.outcomes:
            self._wait(one)

    def _assign(self, now: datetime) -> None:
        """Offer the waiting conversations: the highest priority first, then the oldest. If no agent
        can take the first conversation of a queue, skip the rest of the queue, unless agents have
        declined the first one."""
        heads: list[tuple[tuple[int, datetime, int], int, int]] = []
        for queue_id, waiting in self._waiting.items():
            self._skip_gone(waiting)
            if waiting and is_within(self.desk.queues[queue_id].open, now):
                heads.append((waiting[0][:3], queue_id, 0))
        heapq.heapify(heads)
        while heads:
            _, queue_id, place = heapq.heappop(heads)
            waiting = self._waiting[queue_id]
            one = waiting[place][3]
            if self._offer(one, now):
                waiting.pop(place)
            elif one.id in self._answers:
                place += 1
            else:
                continue
            self._skip_gone(waiting, place)
            if place < len(waiting):
                heapq.heappush(heads, (waiting[place][:3], queue_id, place))

    def _skip_gone(self, waiting: list[tuple[int, datetime, int, Arrival]], place: int = 0) -> None:
        while place < len(waiting) and waiting[place][2] in self.outcomes:
            waiting.pop(place)

    def _offer(self, one: Arrival, now: datetime) -> bool:
        queue = self.desk.queues[one.queue_id]
        candidates = [
            self._candidate(agent_id, member)
            for agent_id, member in queue.members.items()
            if self._load.get(agent_id, 0) < member.capacity
            and is_within(self.desk.agents[agent_id].available, now)
        ]
        if not candidates:
            return False
        decision = self._decide(one, queue, candidates, now)
        chosen = [one.agent_id for one in decision.chosen]
        if not chosen:
            return False
        taker = next((agent for agent in chosen if not self._declines_now(one, agent)), None)
        if taker is not None:
            self._take(one, taker, now)
        else:
            self._decline(one, chosen[0], now)
        return True

    def _decide(
        self, one: Arrival, queue: ReplayQueue, candidates: Sequence[Candidate], now: datetime
    ) -> Decision:
        answers = self._answers.get(one.id, _Answers())
        agent, served_at = self._served.get(one.requester, (None, now))
        need = Need(
            rule=queue.rule,
            waited=now - one.at,
            round=answers.round,
            mandatory=queue.mandatory,
            optional=queue.optional,
            declined=answers.declined,
            affinity=agent if served_at > now - queue.affinity else None,
            last_agent=self._last_agent.get(one.queue_id),
        )
        decision = decide(candidates, need)
        if decision.chosen or not decision.next_round or answers.last_at is None:
            return decision
        begins_at = answers.last_at + ROUND_PAUSE
        if now < begins_at:
            heapq.heappush(self._events, (begins_at, 3, -one.id, None))
            return decision
        answers.round += 1
        return decide(candidates, replace(need, round=answers.round))

    def _declines_now(self, one: Arrival, agent: int) -> bool:
        """Whether the replay must let this agent decline again, because the agent declined more
        offers of the conversation in the past than in the replay so far.
        """
        return self._declines.get((one.id, agent), 0) < len(one.declines.get(agent, ()))

    def _decline(self, one: Arrival, agent: int, now: datetime) -> None:
        """Offer the conversation to an agent who will decline it after a while."""
        number = self._declines.get((one.id, agent), 0)
        self._declines[one.id, agent] = number + 1
        self._offered[one.id] = agent
        self._record_offer(one, agent, now)
        at = now + one.declines[agent][number].after
        heapq.heappush(self._events, (at, 4, one.id, one))

    def _record_offer(self, one: Arrival, agent: int, now: datetime) -> None:
        self._load[agent] = self._load.get(agent, 0) + 1
        self._last_assigned[agent] = now
        self._last_agent[one.queue_id] = agent

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
        self._record_offer(one, agent_id, now)
        heapq.heappush(self._events, (taken_at + one.busy, 0, one.id, one))
