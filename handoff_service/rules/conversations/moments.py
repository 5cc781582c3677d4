"""The moments of a conversation: what happened, and how everything stood right after it.

A fold over what is stored: its lines, the virtual agent's turns, work items, decisions and offers.
Two things are not stored and follow from the lines: when it was on hold, and which timers ran.
Timers are those of today's messaging actions.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from handoff_service.rules.shared.vocabulary import Author, Event, Kind, OfferOutcome, Owner, State

LONGEST = 160  # characters of a quoted text
SIDES = (Author.REQUESTER, Author.AGENT)  # whose texts start timers


class MomentKind(StrEnum):
    """What happened. Pages mark all but texts."""

    TEXT = "text"
    NOTE = "note"
    OWNER = "owner"
    STATE = "state"
    IDENTITY = "identity"
    CASE = "case"
    TIMER = "timer"
    OFFER = "offer"
    UNDERSTOOD = "understood"
    OTHER = "other"


_KINDS = {
    Event.OWNER_CHANGED: MomentKind.OWNER,
    Event.STATE: MomentKind.STATE,
    Event.IDENTITY: MomentKind.IDENTITY,
    Event.CASE_OPENED: MomentKind.CASE,
    Event.CASE_CHANGED: MomentKind.CASE,
    Event.TIMER: MomentKind.TIMER,
    Event.PROMPT: MomentKind.TIMER,
    Event.TRANSFER: MomentKind.OFFER,
}

# What happened ------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class PastEntry:
    """A line of the conversation. ``by``: the agent who wrote it, or of whom it tells."""

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
    """An agent who could have had an offer, and why they did or did not."""

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
    1), what it did, and what it knew by then."""

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
    """A messaging action that applies here. ``starts_with``: the side whose unanswered text starts
    it; ``due``: when it acts if it starts at a time; None: never."""

    action: str
    starts_with: Author
    due: Callable[[datetime], datetime | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Past:
    """Everything that is known of a stretch of a conversation, oldest first.

    - ``begin`` and ``end``: the time it covers, without ``end``; null: without a limit;
    - ``context``: lines before it, for what was true when it began;
    - ``running``: the timers that run now, of a stretch that reaches to now;
    - ``closed_as``: how it was closed.
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


# How everything stood -----------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """One moment, and how everything stood right after it.

    - ``seq``: the line that tells of it; null: no line does;
    - ``said``: what happened, in words;
    - ``owner``, ``owner_name``: who replied next; the name of the agent or the queue;
    - ``epoch``: how often the owner had changed;
    - ``timers``: by today's messaging actions, first due first;
    - ``offered_to``: the open offers;
    - ``decision``, ``candidates``: the latest decision of work assignment for this wait;
    - ``understood``: by the virtual agent; null: nothing yet.
    """

    at: datetime
    seq: int | None
    kind: MomentKind
    said: str
    owner: Owner
    owner_name: str | None
    epoch: int
    state: State
    timers: list[TimerThen]
    offered_to: list[OfferThen]
    decision: str | None
    candidates: list[CandidateThen]
    understood: UnderstoodThen | None


@dataclass(frozen=True, slots=True)
class _Happened:
    """Something at a time. Of several at one time, the lower ``place`` was first."""

    at: datetime
    place: int
    entry: PastEntry | PastDecision | OfferThen | UnderstoodThen
    said: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Standing:
    """What the fold remembers from one moment to the next."""

    owner: Owner = Owner.NONE
    owner_name: str | None = None
    epoch: int = 1
    state: State = State.NEW
    side: Author | None = None  #: whose text is unanswered
    timers: tuple[TimerThen, ...] = ()
    decision: PastDecision | None = None
    understood: UnderstoodThen | None = None


def moments(past: Past) -> list[Moment]:
    """The moments of a stretch, oldest first."""
    standing = _at_first(past)
    first = past.lines[0].seq if past.lines else 0
    found = []
    events = sorted(_happened(past), key=lambda one: (one.at, one.place))
    for number, one in enumerate(events):
        standing = _after(standing, one.entry, past)
        if _is_within(past, one, first):
            is_last = number == len(events) - 1
            found.append(_moment(standing, one, past, is_now=is_last and past.end is None))
    return found


def _at_first(past: Past) -> _Standing:
    for line in (*past.context, *past.lines):
        return _Standing(owner=line.owner, owner_name=_owner_name(line, past), epoch=line.epoch)
    return _Standing()


def _is_within(past: Past, one: _Happened, first: int) -> bool:
    if isinstance(one.entry, PastEntry):  # several lines may have the time at which it begins
        return one.entry.seq >= first
    return (past.begin is None or one.at >= past.begin) and (past.end is None or one.at < past.end)


def _happened(past: Past) -> Iterator[_Happened]:
    for turn in past.turns:
        yield _Happened(turn.at, 0, turn)
    for line in (*past.context, *past.lines):
        yield _Happened(line.at, 1, line)
    decided = {one.at for one in past.decisions}
    for decision in past.decisions:
        yield _Happened(decision.at, 2, decision)
    for offer in past.offers:
        if offer.offered_at not in decided:
            yield _Happened(offer.offered_at, 3, offer, f"Offered to {offer.agent}")
        if offer.ended_at and offer.outcome not in (None, OfferOutcome.ACCEPTED):
            why = f": {offer.outcome_reason}" if offer.outcome_reason else ""
            did = _ENDED[offer.outcome] if offer.outcome else ""
            yield _Happened(offer.ended_at, 3, offer, f"The offer to {offer.agent} {did}{why}")


_ENDED = {
    OfferOutcome.REJECTED: "was rejected",
    OfferOutcome.TIMED_OUT: "expired",
    OfferOutcome.WITHDRAWN: "was withdrawn",
}


def _after(
    standing: _Standing, entry: PastEntry | PastDecision | OfferThen | UnderstoodThen, past: Past
) -> _Standing:
    match entry:
        case PastEntry():
            return _after_line(standing, entry, past)
        case PastDecision():
            return replace(standing, decision=entry)
        case UnderstoodThen():
            return replace(standing, understood=entry)
    return standing


#: the product's words for the start of a hold, by an agent and by a messaging action
_HOLD_BEGINS = re.compile(r"\b(?:put this on hold|set this to on hold)\b")
_CANCELS = re.compile(r" canceled “(.*)”$")


def _after_line(standing: _Standing, line: PastEntry, past: Past) -> _Standing:
    changes = line.event is Event.OWNER_CHANGED or line.epoch != standing.epoch
    name = standing.owner_name
    decision = standing.decision
    if changes or standing.owner is not line.owner or name is None:
        name = _owner_name(line, past)
        # who was considered stays in sight with the agent who accepted
        decision = decision if line.owner is Owner.AGENT else None
    standing = replace(
        standing,
        owner=line.owner,
        owner_name=name,
        epoch=line.epoch,
        decision=decision,
        state=_state(standing.state, line, past),
    )
    return _with_timers(standing, line, past)


def _owner_name(line: PastEntry, past: Past) -> str | None:
    if line.owner is Owner.AGENT:
        return line.by  # of the line that tells of the change
    if line.owner is Owner.QUEUE:
        since = [wait.queue for wait in past.waits if wait.since <= line.at]
        return since[-1] if since else None
    return None


def _state(before: State, line: PastEntry, past: Past) -> State:
    if line.owner is Owner.NONE and line.event is Event.OWNER_CHANGED:
        return past.closed_as
    if line.event in (Event.STATE, Event.TIMER) and _HOLD_BEGINS.search(line.body):
        return State.ON_HOLD
    ends = line.event is Event.STATE or _is_text_of(line, (Author.REQUESTER,))
    if before is State.ON_HOLD:
        return State.WORK_IN_PROGRESS if ends else before
    if line.owner is Owner.AGENT:
        return State.WORK_IN_PROGRESS
    return State.NEW if before in (State.CLOSED_COMPLETE, State.CLOSED_ABANDONED) else before


def _with_timers(standing: _Standing, line: PastEntry, past: Past) -> _Standing:
    if line.owner is Owner.NONE and line.event is Event.OWNER_CHANGED:
        return replace(standing, side=None, timers=())
    if line.event is Event.TIMER and (canceled := _CANCELS.search(line.body)):
        kept = tuple(one for one in standing.timers if one.action != canceled[1])
        return replace(standing, timers=kept)
    if not _is_text_of(line, SIDES) or line.author is standing.side:
        return standing
    begun = [
        TimerThen(action=rule.action, due_at=at)
        for rule in past.timers
        if rule.starts_with is line.author and (at := rule.due(line.at)) is not None
    ]
    begun.sort(key=lambda one: one.due_at)
    return replace(standing, side=line.author, timers=tuple(begun))


def _is_text_of(line: PastEntry, authors: Sequence[Author]) -> bool:
    return line.kind is Kind.MESSAGE and line.author in authors


def _moment(standing: _Standing, one: _Happened, past: Past, *, is_now: bool) -> Moment:
    seq, kind, said = _told(one)
    running = [timer for timer in standing.timers if timer.due_at > one.at]
    decision = standing.decision
    return Moment(
        at=one.at,
        seq=seq,
        kind=kind,
        said=said,
        owner=standing.owner,
        owner_name=standing.owner_name,
        epoch=standing.epoch,
        state=standing.state,
        timers=list(past.running) if is_now and past.running is not None else running,
        offered_to=[
            offer
            for offer in past.offers
            if offer.offered_at <= one.at and (offer.ended_at is None or offer.ended_at > one.at)
        ],
        decision=decision.said if decision else None,
        candidates=decision.candidates if decision else [],
        understood=standing.understood,
    )


def _told(one: _Happened) -> tuple[int | None, MomentKind, str]:
    match one.entry:
        case PastEntry() as line:
            return line.seq, _kind(line), _words(line)
        case PastDecision() as decision:
            return None, MomentKind.OFFER, decision.said[:1].upper() + decision.said[1:]
        case UnderstoodThen() as turn:
            sure = f" ({turn.confidence:.0%})" if turn.confidence is not None else ""
            what = turn.intent.replace("_", " ") + sure if turn.intent else "without a report"
            return None, MomentKind.UNDERSTOOD, f"Virtual agent understood: {what}"
    return None, MomentKind.OFFER, one.said


def _kind(line: PastEntry) -> MomentKind:
    if line.kind is Kind.NOTE:
        return MomentKind.NOTE
    if line.kind is Kind.MESSAGE:
        return MomentKind.TEXT
    return _KINDS.get(line.event, MomentKind.OTHER) if line.event else MomentKind.TEXT


def _words(line: PastEntry) -> str:
    text = " ".join(line.body.split())
    text = text if len(text) <= LONGEST else text[: LONGEST - 1].rstrip() + "…"
    if line.kind is Kind.NOTE:
        return f"Private note of {line.by}: {text}"
    if line.kind is Kind.MESSAGE or line.event is None:
        who = {Author.REQUESTER: "Requester", Author.VIRTUAL_AGENT: "Virtual agent"}
        return f"{who.get(line.author) or line.by or 'Patchboard'}: {text or '(picture)'}"
    return f"{text}: {line.reason}" if line.reason else text
