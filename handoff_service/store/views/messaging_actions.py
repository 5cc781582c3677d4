"""Messaging actions, their running timers and their dry runs."""

from dataclasses import dataclass
from datetime import date, datetime

from handoff_service.rules.shared.vocabulary import Action, State, Unanswered
from handoff_service.store.views.people import Named
from handoff_service.store.views.queues import ConditionLine


@dataclass(frozen=True, slots=True, kw_only=True)
class SavedAction:
    """A messaging action.

    - ``duration``: as text, such as 30m;
    - ``position``: its position in the admin's order;
    - ``queues`` and ``provider_numbers``: where it applies; empty: everywhere;
    - ``will``: its effect in words.
    """

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
    """A running timer of a conversation. ``will``: its effect in words. ``when``: its time in
    words, in the desk's time zone."""

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
    """A conversation in which a messaging action would have fired. ``requester``: the user's name,
    or else the number."""

    interaction_id: int
    number: str
    requester: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class DryRun:
    """The result of a dry run: what a messaging action would have done between two times.

    - ``waits``: how many waits for its event began in this period;
    - ``times``: in how many of them it would have fired;
    - ``share``: ``times`` divided by ``waits``;
    - ``days``: how often it would have fired on each day, in the desk's time zone;
    - ``conversations``: the latest conversations in which it would have fired;
    - ``judged_by_today``: facts that the history does not contain, so the dry run used their
      current values;
    - ``without_targets``: whether the action has conditions on targets. The dry run ignores them,
      so the action would have fired less often.
    """

    since: datetime
    until: datetime
    waits: int
    times: int
    share: float
    days: list[DayCount]
    busiest: DayCount | None
    conversations: list[WouldHave]
    judged_by_today: list[str]
    without_targets: bool = False
