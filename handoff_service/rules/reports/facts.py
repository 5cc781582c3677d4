"""The facts of one conversation, for reports. They are computed from its lines, offers and turns.

Each fact is defined here, or in ``target_facts.py`` if it is about a target. Figures
(``figures.py``) are computed only from facts.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

from handoff_service.rules.conversations.brief import NO_PROBLEM
from handoff_service.rules.conversations.promises import PromiseState
from handoff_service.rules.delivery.message_status import DID_NOT_ARRIVE
from handoff_service.rules.reports.conversation_record import AskedHow, ConversationRecord, FactLine
from handoff_service.rules.shared.vocabulary import (
    Author,
    Direction,
    OfferOutcome,
    Owner,
    State,
    Status,
)

DURABLE_AFTER = timedelta(days=7)
#: How long after the last line the facts are computed again, because the provider reports receipts
#: within minutes and prices within a day.
LOOK_AGAIN = (timedelta(minutes=15), timedelta(hours=2), timedelta(hours=25))
LONGEST_REASON = 80
NOT_UNDERSTOOD = "nlu_fallback"
_NOT_ACCEPTED = (Status.QUEUED, Status.SENDING, Status.UNKNOWN)

type OpenTime = Callable[[datetime, datetime], timedelta]


class Began(StrEnum):
    """The side that began a conversation or had to answer it first."""

    VIRTUAL_AGENT = "virtual_agent"  # the requester texted, and the virtual agent answered
    LIVE_AGENT = "live_agent"  # the requester texted a number that agents answer
    DESK = "desk"  # an agent or a program texted first


class BotResult(StrEnum):
    """The outcome of a conversation that a requester began with the virtual agent."""

    SOLVED = "solved"  # closed complete, and no queue or agent had it
    HANDED_OVER = "handed_over"
    ABANDONED = "abandoned"  # closed abandoned, and no queue or agent had it
    OPEN = "open"


@dataclass(frozen=True, slots=True, kw_only=True)
class ConversationFacts:
    """The facts. Durations are in seconds; None: it did not happen (yet). Lists of agents name an
    agent once for each text or offer."""

    began: Began
    bot_result: BotResult | None
    topic: str | None
    handoff_reason: str | None
    is_closed: bool
    is_abandoned: bool
    was_queued: bool
    is_abandoned_waiting: bool
    was_reopened: bool
    came_back: bool | None
    is_durable: bool | None
    first_response: int | None
    first_response_business: int | None
    waiting: int | None
    handling: int | None
    resolution: int | None
    resolution_business: int | None
    texts_in: int
    texts_out: int
    delivered: int
    segments: int
    cost: int
    currency: str | None
    not_understood: int
    promises_kept: int
    promises_missed: int
    was_asked: bool
    grade: int | None
    solved_by: Author | None
    next_responses: list[int] = field(default_factory=list)
    next_responses_business: list[int] = field(default_factory=list)
    answered_by: list[int] = field(default_factory=list)
    accepted_by: list[int] = field(default_factory=list)
    declined_by: list[int] = field(default_factory=list)
    expired_by: list[int] = field(default_factory=list)
    failed_codes: list[int] = field(default_factory=list)


def facts_of(record: ConversationRecord, now: datetime, open_time: OpenTime) -> ConversationFacts:
    """The facts of a conversation. ``open_time``: how long its queue was open between two
    moments."""
    queued_at = next((one.at for one in record.visits if not one.is_transfer), None)
    taken_at = next((one.at for one in record.lines if one.owner is Owner.AGENT), None)
    answered_at = next(
        (o.at for o in record.lines if o.is_answer and queued_at and o.at >= queued_at), None
    )
    had_person = taken_at is not None or queued_at is not None
    began = _began(record)
    closed_at = record.closed_at
    is_abandoned = record.state is State.CLOSED_ABANDONED
    came_back = _came_back(record, now)
    replies = list(_next_responses(record.lines))
    outbound = [one for one in record.lines if _was_accepted(one)]
    kept = PromiseState.KEPT
    grade = record.asked_how.grade if record.asked_how else None
    return ConversationFacts(
        began=began,
        bot_result=_bot_result(record.state, had_person) if began is Began.VIRTUAL_AGENT else None,
        topic=record.topic_label or _topic(record.intents),
        handoff_reason=_reason(record) if began is Began.VIRTUAL_AGENT and queued_at else None,
        is_closed=closed_at is not None,
        is_abandoned=is_abandoned,
        was_queued=queued_at is not None,
        is_abandoned_waiting=queued_at is not None and taken_at is None and closed_at is not None,
        was_reopened=_was_reopened(record.lines),
        came_back=came_back,
        is_durable=None if came_back is None else not came_back and not is_abandoned,
        first_response=_seconds(queued_at, answered_at),
        first_response_business=_business_seconds(queued_at, answered_at, open_time),
        waiting=_seconds(queued_at, taken_at if _is_after(taken_at, queued_at) else None),
        handling=_seconds(taken_at, closed_at),
        resolution=_seconds(record.opened_at, closed_at),
        resolution_business=_business_seconds(record.opened_at, closed_at, open_time),
        texts_in=sum(one.direction is Direction.INBOUND for one in record.lines),
        texts_out=len(outbound),
        delivered=sum(one.status is Status.DELIVERED for one in outbound),
        segments=sum(one.segments for one in outbound),
        cost=sum(one.price for one in record.lines),
        currency=next((one.currency for one in record.lines if one.currency), None),
        not_understood=sum(one in (None, NOT_UNDERSTOOD) for one in record.intents),
        promises_kept=sum(one is kept for one in record.promises),
        promises_missed=sum(one is PromiseState.MISSED for one in record.promises),
        was_asked=record.asked_how is not None and record.asked_how.was_asked,
        grade=grade,
        solved_by=_solved_by(record.asked_how, had_person),
        next_responses=[_seconds(a, b) or 0 for a, b in replies],
        next_responses_business=[_business_seconds(a, b, open_time) or 0 for a, b in replies],
        answered_by=[one.agent_id for one in record.lines if one.is_answer and one.agent_id],
        accepted_by=_by(record, OfferOutcome.ACCEPTED),
        declined_by=_by(record, OfferOutcome.REJECTED),
        expired_by=_by(record, OfferOutcome.TIMED_OUT),
        failed_codes=[one.error_code or 0 for one in outbound if one.status in DID_NOT_ARRIVE],
    )


def look_again_at(record: ConversationRecord, now: datetime) -> datetime | None:
    """When the facts may change without a new line. None: never."""
    last = max([one.at for one in record.lines] + [record.opened_at])
    times = [last + after for after in LOOK_AGAIN]
    if record.closed_at is not None:
        times.append(record.closed_at + DURABLE_AFTER)
    return min((at for at in times if at > now), default=None)


def _began(record: ConversationRecord) -> Began:
    first = next((one for one in record.lines if one.direction is not None), None)
    if first is None or first.direction is Direction.OUTBOUND:
        return Began.DESK
    return Began.VIRTUAL_AGENT if first.owner is Owner.VIRTUAL_AGENT else Began.LIVE_AGENT


def _bot_result(state: State, had_person: bool) -> BotResult:
    if had_person:
        return BotResult.HANDED_OVER
    if state is State.CLOSED_COMPLETE:
        return BotResult.SOLVED
    return BotResult.ABANDONED if state is State.CLOSED_ABANDONED else BotResult.OPEN


def _solved_by(asked: AskedHow | None, had_person: bool) -> Author | None:
    """The side that a grade is about: the virtual agent, if no agent or queue ever had the
    conversation."""
    if asked is None or not asked.was_asked:
        return None
    return Author.AGENT if had_person else Author.VIRTUAL_AGENT


def _topic(intents: Sequence[str | None]) -> str | None:
    return next((one for one in intents if one and one not in NO_PROBLEM), None)


def _reason(record: ConversationRecord) -> str | None:
    """The first reason without the requester's own words, which follow a colon."""
    first = next(one for one in record.visits if not one.is_transfer)
    return first.reason.split(":")[0].strip().rstrip(".")[:LONGEST_REASON] or None


def _came_back(record: ConversationRecord, now: datetime) -> bool | None:
    """Whether the requester began another conversation within seven days after closing. None until
    these seven days have passed, because an earlier answer would make recent ranges look too
    good."""
    if record.closed_at is None or now < record.closed_at + DURABLE_AFTER:
        return None
    at = record.next_began_at
    return at is not None and at < record.closed_at + DURABLE_AFTER


def _was_reopened(lines: Sequence[FactLine]) -> bool:
    owners = [one.owner for one in lines]
    ended = next((n for n, one in enumerate(owners) if one is Owner.NONE), len(owners))
    return any(one is not Owner.NONE for one in owners[ended:])


def _next_responses(lines: Sequence[FactLine]) -> Iterator[tuple[datetime, datetime]]:
    """Pairs of times after an agent's first text: the requester's first unanswered text, and the
    agent's next text. Texts that the virtual agent answers are left out."""
    answered, since = False, None
    for one in lines:
        if one.is_answer:
            if answered and since is not None:
                yield since, one.at
            answered, since = True, None
        elif one.direction is Direction.INBOUND and since is None:
            since = one.at
        elif one.author is Author.VIRTUAL_AGENT and one.direction is Direction.OUTBOUND:
            since = None


def _was_accepted(one: FactLine) -> bool:
    """Whether the provider accepted the text."""
    if one.direction is not Direction.OUTBOUND or one.status is Status.CANCELED:
        return False
    return one.accepted or one.status not in _NOT_ACCEPTED


def _by(record: ConversationRecord, outcome: OfferOutcome) -> list[int]:
    return [agent for agent, how in record.offers if how is outcome]


def _is_after(at: datetime | None, then: datetime | None) -> bool:
    return at is not None and then is not None and at >= then


def _seconds(start: datetime | None, end: datetime | None) -> int | None:
    return None if start is None or end is None else max(round((end - start).total_seconds()), 0)


def _business_seconds(
    start: datetime | None, end: datetime | None, open_time: OpenTime
) -> int | None:
    if start is None or end is None:
        return None
    return round(open_time(start, max(start, end)).total_seconds())
