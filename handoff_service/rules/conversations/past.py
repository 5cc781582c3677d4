"""The stored past of a conversation, and its events in order."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from handoff_service.rules.shared.phrases import joined, phrase
from handoff_service.rules.shared.vocabulary import Author, Event, Kind, OfferOutcome, Owner, State


@dataclass(frozen=True, slots=True, kw_only=True)
class PastEntry:
    """A line of the conversation. ``by``: the agent who wrote it, or whose action it reports."""

    seq: int
    at: datetime
    kind: Kind
    author: Author
    by: str | None
    body: str
    event: Event | None
    reason: str | None
    owner: Owner
    epoch: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PastWait:
    """A work item: the queue in which the conversation waited."""

    queue: str
    since: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class CandidateThen:
    """An agent whom work assignment considered for an offer, and why it chose them or not."""

    agent: str
    chosen: bool
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PastDecision:
    """A decision of work assignment."""

    at: datetime
    said: str
    candidates: list[CandidateThen]


@dataclass(frozen=True, slots=True, kw_only=True)
class OfferThen:
    """An offer. ``ended_at`` and ``outcome``: null while it is open."""

    agent: str
    offered_at: datetime
    expires_at: datetime
    ended_at: datetime | None
    outcome: OfferOutcome | None
    outcome_reason: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class UnderstoodThen:
    """What the virtual agent had understood: the intent of the last text with its confidence (0 to
    1), the actions that the virtual agent ran, and the facts that it had collected by then."""

    at: datetime
    intent: str | None
    confidence: float | None
    did: list[str]
    collected: dict[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class TimerThen:
    """A running timer: the messaging action, and when it would act."""

    action: str
    due_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class TimerRule:
    """A messaging action that applies here. ``starts_with``: an unanswered text of this side starts
    the timer. ``due``: maps the start of the timer to the time when the action acts; None:
    never."""

    action: str
    starts_with: Author
    due: Callable[[datetime], datetime | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Past:
    """Everything that is known about a part of a conversation, oldest first.

    - ``begin`` and ``end``: the time it covers, excluding ``end``; null: no limit;
    - ``context``: earlier lines, from which the state at the beginning of the part follows;
    - ``running``: the timers that run now, if the part ends now;
    - ``closed_as``: the state in which the conversation was closed.
    """

    context: Sequence[PastEntry]
    lines: Sequence[PastEntry]
    waits: Sequence[PastWait]
    decisions: Sequence[PastDecision]
    offers: Sequence[OfferThen]
    turns: Sequence[UnderstoodThen]
    timers: Sequence[TimerRule]
    running: Sequence[TimerThen] | None = None
    begin: datetime | None = None
    end: datetime | None = None
    closed_as: State = State.CLOSED_COMPLETE


@dataclass(frozen=True, slots=True)
class PastEvent:
    """Something that happened. ``place``: the order of events at the same time, lowest first."""

    at: datetime
    place: int
    entry: PastEntry | PastDecision | OfferThen | UnderstoodThen
    text: str = ""  #: for an offer: the sentence that says that it was made or how it ended


def past_events(past: Past) -> Iterator[PastEvent]:
    """The events of this part and its context, grouped by kind, not sorted by time. Leaves out an
    offer that was made at the time of a decision, and the acceptance of an offer, because the
    decision or a line reports them."""
    for turn in past.turns:
        yield PastEvent(turn.at, 0, turn)
    for line in (*past.context, *past.lines):
        yield PastEvent(line.at, 1, line)
    decided = {one.at for one in past.decisions}
    for decision in past.decisions:
        yield PastEvent(decision.at, 2, decision)
    for offer in past.offers:
        if offer.offered_at not in decided:
            yield PastEvent(
                offer.offered_at, 3, offer, phrase("Offered to {name}", name=offer.agent)
            )
        if offer.ended_at and offer.outcome not in (None, OfferOutcome.ACCEPTED):
            ended = phrase(_ENDED[offer.outcome], name=offer.agent) if offer.outcome else ""
            why = [offer.outcome_reason] if offer.outcome_reason else []
            yield PastEvent(offer.ended_at, 3, offer, joined(": ", [ended, *why]))


_ENDED = {
    OfferOutcome.REJECTED: phrase("The offer to {name} was rejected"),
    OfferOutcome.TIMED_OUT: phrase("The offer to {name} expired"),
    OfferOutcome.WITHDRAWN: phrase("The offer to {name} was withdrawn"),
}
