"""The moments of a conversation: what happened, and the conversation's state right after it.

The moments are computed from stored records (``past.py``): lines, turns of the virtual agent, work
items, decisions and offers. The database has no earlier states and no timers that have ended, so
both are computed from the lines. The timers also depend on today's messaging actions.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from handoff_service.rules.conversations.moment_words import MomentKind, describe
from handoff_service.rules.conversations.past import (
    CandidateThen,
    OfferThen,
    Past,
    PastDecision,
    PastEntry,
    PastEvent,
    TimerThen,
    UnderstoodThen,
    past_events,
)
from handoff_service.rules.shared.vocabulary import Author, Event, Kind, Owner, State

SIDES = (Author.REQUESTER, Author.AGENT)  # the sides that start timers with their texts


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """One moment, and the conversation's state right after it.

    - ``seq``: the line that reports it; null: no line reports it;
    - ``said``: what happened, in words;
    - ``owner``, ``owner_name``: the side that had to reply next, and the name of the agent or
      queue;
    - ``epoch``: the epoch, which grows by one with each change of owner;
    - ``timers``: the timers that would run by today's messaging actions, the next due timer first.
      For the conversation's last moment: the timers that run now;
    - ``offered_to``: the open offers;
    - ``decision``, ``candidates``: the latest decision of work assignment for this wait;
    - ``understood``: what the virtual agent had understood; null: nothing yet.
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


@dataclass(frozen=True, slots=True, kw_only=True)
class _Snapshot:
    """The conversation's state after the events so far."""

    owner: Owner = Owner.NONE
    owner_name: str | None = None
    epoch: int = 1
    state: State = State.NEW
    side: Author | None = None  #: the side that wrote the unanswered text
    timers: tuple[TimerThen, ...] = ()
    decision: PastDecision | None = None
    understood: UnderstoodThen | None = None


def moments(past: Past) -> list[Moment]:
    """The moments of a part of a conversation, oldest first."""
    snapshot = _at_first(past)
    first = past.lines[0].seq if past.lines else 0
    found = []
    events = sorted(past_events(past), key=lambda one: (one.at, one.place))
    for number, one in enumerate(events):
        snapshot = _after(snapshot, one.entry, past)
        if _is_within(past, one, first):
            is_last = number == len(events) - 1
            found.append(_moment(snapshot, one, past, is_now=is_last and past.end is None))
    return found


def _at_first(past: Past) -> _Snapshot:
    for line in (*past.context, *past.lines):
        return _Snapshot(owner=line.owner, owner_name=_owner_name(line, past), epoch=line.epoch)
    return _Snapshot()


def _is_within(past: Past, one: PastEvent, first: int) -> bool:
    # compared by seq, because several lines may have the time at which the part begins
    if isinstance(one.entry, PastEntry):
        return one.entry.seq >= first
    return (past.begin is None or one.at >= past.begin) and (past.end is None or one.at < past.end)


def _after(
    snapshot: _Snapshot, entry: PastEntry | PastDecision | OfferThen | UnderstoodThen, past: Past
) -> _Snapshot:
    match entry:
        case PastEntry():
            return _after_line(snapshot, entry, past)
        case PastDecision():
            return replace(snapshot, decision=entry)
        case UnderstoodThen():
            return replace(snapshot, understood=entry)
    return snapshot


#: the product's words for the start of a hold, by an agent and by a messaging action
_HOLD_BEGINS = re.compile(r"\b(?:put this on hold|set this to on hold)\b")
_CANCELS = re.compile(r" canceled “(.*)”$")


def _after_line(snapshot: _Snapshot, line: PastEntry, past: Past) -> _Snapshot:
    changes = line.event is Event.OWNER_CHANGED or line.epoch != snapshot.epoch
    name = snapshot.owner_name
    decision = snapshot.decision
    if changes or snapshot.owner is not line.owner or name is None:
        name = _owner_name(line, past)
        # when an agent accepts, the decision stays visible with its candidates
        decision = decision if line.owner is Owner.AGENT else None
    snapshot = replace(
        snapshot,
        owner=line.owner,
        owner_name=name,
        epoch=line.epoch,
        decision=decision,
        state=_state(snapshot.state, line, past),
    )
    return _with_timers(snapshot, line, past)


def _owner_name(line: PastEntry, past: Past) -> str | None:
    if line.owner is Owner.AGENT:
        return line.by  # the line reports the change of owner, so its author is the new owner
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


def _with_timers(snapshot: _Snapshot, line: PastEntry, past: Past) -> _Snapshot:
    if line.owner is Owner.NONE and line.event is Event.OWNER_CHANGED:
        return replace(snapshot, side=None, timers=())
    if line.event is Event.TIMER and (canceled := _CANCELS.search(line.body)):
        kept = tuple(one for one in snapshot.timers if one.action != canceled[1])
        return replace(snapshot, timers=kept)
    if not _is_text_of(line, SIDES) or line.author is snapshot.side:
        return snapshot
    begun = [
        TimerThen(action=rule.action, due_at=at)
        for rule in past.timers
        if rule.starts_with is line.author and (at := rule.due(line.at)) is not None
    ]
    begun.sort(key=lambda one: one.due_at)
    return replace(snapshot, side=line.author, timers=tuple(begun))


def _is_text_of(line: PastEntry, authors: Sequence[Author]) -> bool:
    return line.kind is Kind.MESSAGE and line.author in authors


def _moment(snapshot: _Snapshot, one: PastEvent, past: Past, *, is_now: bool) -> Moment:
    seq, kind, sentence = describe(one)
    running = [timer for timer in snapshot.timers if timer.due_at > one.at]
    decision = snapshot.decision
    return Moment(
        at=one.at,
        seq=seq,
        kind=kind,
        said=sentence,
        owner=snapshot.owner,
        owner_name=snapshot.owner_name,
        epoch=snapshot.epoch,
        state=snapshot.state,
        timers=list(past.running) if is_now and past.running is not None else running,
        offered_to=[
            offer
            for offer in past.offers
            if offer.offered_at <= one.at and (offer.ended_at is None or offer.ended_at > one.at)
        ],
        decision=decision.said if decision else None,
        candidates=decision.candidates if decision else [],
        understood=snapshot.understood,
    )
