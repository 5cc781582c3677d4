"""The moments of a conversation: what happened, and the state of everything right after it.

The moments follow from what is stored (``past.py``): lines, turns of the virtual agent, work items,
decisions and offers. The times on hold and the running timers are not stored; they follow from the
lines. The timers are computed from today's messaging actions.
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
    """One moment, and the state of everything right after it.

    - ``seq``: the line that reports it; null: no line does;
    - ``said``: what happened, in words;
    - ``owner``, ``owner_name``: the side that had to reply next, and the name of the agent or
      queue;
    - ``epoch``: how often the owner had changed;
    - ``timers``: the running timers by today's messaging actions, first due first;
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
class _Standing:
    """The state after the events so far. Each event changes it."""

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
    standing = _at_first(past)
    first = past.lines[0].seq if past.lines else 0
    found = []
    events = sorted(past_events(past), key=lambda one: (one.at, one.place))
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


def _is_within(past: Past, one: PastEvent, first: int) -> bool:
    # compared by seq, because several lines may have the time at which the part begins
    if isinstance(one.entry, PastEntry):
        return one.entry.seq >= first
    return (past.begin is None or one.at >= past.begin) and (past.end is None or one.at < past.end)


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
        # when an agent accepts, the decision stays visible with its candidates
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


def _moment(standing: _Standing, one: PastEvent, past: Past, *, is_now: bool) -> Moment:
    seq, kind, sentence = describe(one)
    running = [timer for timer in standing.timers if timer.due_at > one.at]
    decision = standing.decision
    return Moment(
        at=one.at,
        seq=seq,
        kind=kind,
        said=sentence,
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
