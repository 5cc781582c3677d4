"""The figures of a replay: waits, targets and load, to compare two runs side by side."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from handoff_service.rules.routing.replay import Outcome
from handoff_service.rules.routing.replay_input import Arrival, Periods
from handoff_service.rules.routing.targets import (
    HeldTime,
    OpeningHours,
    QueueTargets,
    Span,
    minutes_of,
    was_met,
)
from handoff_service.rules.shared.phrases import phrase
from handoff_service.rules.shared.vocabulary import TargetKind

#: The assumptions of a replay. Pages and the API show these sentences with each result.
CANNOT_KNOW: tuple[str, ...] = (
    phrase(
        "Agents answer as quickly as they did and handle conversations for as long, however many "
        "they have at a time."
    ),
    phrase(
        "Requesters write the same texts at the same times, and give up after the same time in "
        "line."
    ),
    phrase(
        "Agents accept offers as quickly as they did. An agent who rejected an offer or let it "
        "expire does so again. Transfers to an agent are left out."
    ),
    phrase(
        "Conversations enter the same queue as in the past, because queue conditions and the order "
        "of queues cannot be changed here."
    ),
    phrase("Holds and priorities are those that are recorded today."),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class PastAnswers:
    """The answers that live agents owed in an arrival's conversation, as it really happened.
    ``taken_at``: when an agent got it; None: no agent got it. ``usual_answer``: how long agents of
    this queue usually take from getting a conversation to their first text. The replay uses it for
    conversations that no agent got."""

    spans: Sequence[Span] = ()
    holds: Sequence[HeldTime] = ()
    taken_at: datetime | None = None
    usual_answer: timedelta = timedelta()


@dataclass(frozen=True, slots=True, kw_only=True)
class TargetCount:
    """How many targets of one kind were met and missed."""

    kind: TargetKind
    met: int
    missed: int


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueFigures:
    """Times in seconds. ``taken``: conversations that an agent got; ``lost``: conversations that no
    agent got before the requester gave up or the days ended."""

    queue_id: int
    arrivals: int
    taken: int
    lost: int
    wait_median: int | None
    wait_p90: int | None
    wait_longest: int | None
    targets: list[TargetCount]


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentFigures:
    """``load``: how many conversations the agent had at a time while available; None: the agent
    was never available."""

    agent_id: int
    taken: int
    load: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplayFigures:
    queues: list[QueueFigures]
    agents: list[AgentFigures]


@dataclass(frozen=True, slots=True, kw_only=True)
class TargetRules:
    """The targets and the opening hours of one queue."""

    targets: Sequence[QueueTargets] = ()
    hours: OpeningHours


@dataclass(slots=True)
class Counting:
    """Computes the figures of one run. ``end``: the end of the replayed days."""

    rules: Mapping[int, TargetRules]
    available: Mapping[int, Periods]
    end: datetime
    _waits: dict[int, list[int]] = field(default_factory=dict)
    _lost: dict[int, int] = field(default_factory=dict)
    _met: dict[int, dict[TargetKind, list[bool]]] = field(default_factory=dict)
    _taken: dict[int, int] = field(default_factory=dict)
    _busy: dict[int, timedelta] = field(default_factory=dict)

    def add(self, one: Arrival, outcome: Outcome, past: PastAnswers) -> None:
        """Count an arrival."""
        queue = one.queue_id
        waits = self._waits.setdefault(queue, [])
        if outcome.agent_id is None or outcome.taken_at is None:
            self._lost[queue] = self._lost.get(queue, 0) + 1
        else:
            waits.append(round((outcome.taken_at - one.at).total_seconds()))
            agent = outcome.agent_id
            self._taken[agent] = self._taken.get(agent, 0) + 1
            busy = min(one.busy, max(self.end - outcome.taken_at, timedelta()))
            self._busy[agent] = self._busy.get(agent, timedelta()) + busy
        met = self._met.setdefault(queue, {kind: [] for kind in TargetKind})
        rules = self.rules[queue]
        spans, holds = shifted(one, outcome, past, self.end)
        for span in spans:
            minutes = minutes_of(rules.targets, one.priority, span.kind)
            if minutes is not None:
                found = was_met(span, minutes, holds, rules.hours, self.end)
                met[span.kind] += [] if found is None else [found]

    def figures(self) -> ReplayFigures:
        return ReplayFigures(
            queues=[self._queue(key) for key in sorted(self._waits)],
            agents=[self._agent(key) for key in sorted(self.available)],
        )

    def _queue(self, key: int) -> QueueFigures:
        waits, lost = sorted(self._waits[key]), self._lost.get(key, 0)
        return QueueFigures(
            queue_id=key,
            arrivals=len(waits) + lost,
            taken=len(waits),
            lost=lost,
            wait_median=quantile(waits, 0.5),
            wait_p90=quantile(waits, 0.9),
            wait_longest=waits[-1] if waits else None,
            targets=[
                TargetCount(kind=kind, met=sum(met), missed=len(met) - sum(met))
                for kind, met in self._met[key].items()
            ],
        )

    def _agent(self, key: int) -> AgentFigures:
        time = sum((b - a for a, b in self.available[key]), timedelta())
        load = self._busy.get(key, timedelta()) / time if time else None
        return AgentFigures(agent_id=key, taken=self._taken.get(key, 0), load=load)


def shifted(
    one: Arrival, outcome: Outcome, past: PastAnswers, end: datetime
) -> tuple[list[Span], list[HeldTime]]:
    """The spans and holds as they would have been. Everything after an agent gets the conversation
    happens as in the past, only earlier or later."""
    if outcome.taken_at is None:
        gone = min(one.at + (one.patience if one.patience is not None else end - one.at), end)
        return [Span(TargetKind.FIRST_RESPONSE, one.at, gone, reached=False)] if _first(
            past
        ) else [], []
    if past.taken_at is None:
        answered = outcome.taken_at + past.usual_answer
        return [Span(TargetKind.FIRST_RESPONSE, one.at, answered, reached=True)], []
    by = outcome.taken_at - past.taken_at
    holds = [HeldTime(h.began_at + by, h.ended_at + by if h.ended_at else None) for h in past.holds]
    return [_shift(span, by, past.taken_at) for span in past.spans], holds


def _first(past: PastAnswers) -> bool:
    return past.taken_at is None or any(one.kind is TargetKind.FIRST_RESPONSE for one in past.spans)


def _shift(span: Span, by: timedelta, taken_at: datetime) -> Span:
    """Shift the end of a span, and also its start if the agent had the conversation by then."""
    starts = span.started_at + (by if span.started_at >= taken_at else timedelta())
    return Span(
        span.kind,
        starts,
        None if span.ended_at is None else max(span.ended_at + by, starts),
        span.reached,
    )


def quantile(ordered: Sequence[int], q: float) -> int | None:
    """The value at this quantile, interpolated between two neighbors. None without values."""
    if not ordered:
        return None
    at = (len(ordered) - 1) * q
    low = int(at)
    high = min(low + 1, len(ordered) - 1)
    return round(ordered[low] + (ordered[high] - ordered[low]) * (at - low))
