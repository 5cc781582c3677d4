"""Messaging actions, their running timers, and what they would have done."""

from dataclasses import dataclass
from datetime import date, datetime

from handoff_service.rules.shared.vocabulary import Action, State, Unanswered
from handoff_service.store.views.people import Named
from handoff_service.store.views.queues import ConditionLine


@dataclass(frozen=True, slots=True, kw_only=True)
class SavedAction:
    """A messaging action. ``duration`` as it is written (30m); ``position``: its place in the
    admin's order; ``queues`` and ``provider_numbers`` limit it, empty: everywhere; ``will`` says in
    words what it does."""

    id: int
    name: str
    event: Unanswered
    duration: str
    conditions: list[ConditionLine]
    match: str
    action: Action
    text: str | None
    state: State | None
    business_hours: bool
    queues: list[str]
    provider_numbers: list[str]
    active: bool
    position: int
    will: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RunningTimer:
    """A timer on a conversation: ``will`` says in words what it does, ``when`` when, in the desk's
    time zone."""

    id: int
    interaction_id: int
    action: Named
    does: Action
    event: Unanswered
    started_at: datetime
    due_at: datetime
    will: str
    when: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DayCount:
    day: date
    times: int


@dataclass(frozen=True, slots=True, kw_only=True)
class WouldHave:
    """A conversation that a messaging action would have acted on. ``requester``: the user's name,
    or the number."""

    interaction_id: int
    number: str
    requester: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class DryRun:
    """What a messaging action would have done between two moments. ``waits``: how many runs of its
    event began then; ``share``: of how many of these it would have acted on; ``days``: by day of
    the desk's time zone, all of them; ``conversations``: the latest; ``judged_by_today``: what the
    history does not keep."""

    since: datetime
    until: datetime
    waits: int
    times: int
    share: float
    days: list[DayCount]
    busiest: DayCount | None
    conversations: list[WouldHave]
    judged_by_today: list[str]
