"""The supervisors' data for their page and the API: the desk now, and the day so far."""

from dataclasses import dataclass
from datetime import datetime

from handoff_service.rules.delivery.gateway_watch import AwayReason
from handoff_service.rules.shared.vocabulary import Assignment, State
from handoff_service.store.views import Named, OfferFacts, OwnedBy
from handoff_service.store.views.targets import RunningTarget


@dataclass(frozen=True, slots=True, kw_only=True)
class NotTaken:
    """Texts that the provider does not accept, by error code. ``since``: when the oldest of them
    was written. ``texts``: their number, including the texts that are queued behind them."""

    code: int
    meaning: str
    advice: str
    since: datetime
    texts: int


@dataclass(frozen=True, slots=True, kw_only=True)
class HeldWork:
    """The work that a restore holds until an admin decides."""

    backed_up_at: datetime
    restored_at: datetime
    texts: int  #: held texts, and newer ones that wait behind them
    since: datetime | None  #: when the oldest held text was written
    bot_turns: int
    mails: int
    calls: int  #: held calls of webhooks
    timers: int  #: conversations with held timers


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueNow:
    """The current state of a queue.

    - ``oldest_since``: when the longest wait started;
    - ``late_at``: when that wait becomes too long;
    - ``waiting``: the number of conversations in the queue, without transfers to an agent;
    - ``eligible``: the number of agents who can get its work;
    - ``free``: how many of them could get an offer now, if all pools already got offers;
    - ``opens_at``: set while the queue is closed;
    - ``closes_at``: set while it is open and will close;
    - ``problems``: sentences that explain why it can never assign work.
    """

    id: int
    name: str
    assignment: Assignment
    waiting: int
    oldest_since: datetime | None
    late_at: datetime | None
    free: int
    eligible: int
    open_now: bool
    opens_at: datetime | None
    closes_at: datetime | None
    problems: list[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentNow:
    """The current state of an agent. ``presence_reason``: why Patchboard changed the presence.
    ``since``: when the presence last changed; null: never."""

    id: int
    name: str
    presence: str
    presence_reason: str | None
    since: datetime | None
    takes_work: bool
    load: int
    capacity: int
    groups: list[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveConversation:
    """An active conversation.

    - ``waiting_since``: when the requester began to wait for a live agent;
    - ``late_at``: when that wait becomes too long;
    - ``offered_to``: the agents with an open offer;
    - ``said``: the latest decision of work assignment, in words;
    - ``offer``: the facts about its offer; null if it does not wait in a queue;
    - ``joined``: whether the calling agent is in its live group;
    - ``target``: the running target that is due first; null if there is none.
    """

    id: int
    number: str
    user: Named | None
    requester_number: str
    state: State
    owner: OwnedBy
    queue: Named | None
    work_item_id: int | None
    offered_to: list[Named]
    said: str | None
    offer: OfferFacts | None
    waiting_since: datetime | None
    late_at: datetime | None
    last_message_at: datetime
    joined: bool
    target: RunningTarget | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Durations:
    """The median and the mean of durations, in seconds."""

    median: int
    mean: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Hour:
    """One hour of the day.

    - ``waiting``: conversations in queues at its start;
    - ``first_answer``: the median time to the first answer, in seconds, for conversations handed
      over in this hour;
    - ``handling``: the median handling time, in seconds, for conversations closed in this hour.
    """

    begins_at: datetime
    opened: int
    handed: int
    abandoned: int
    waiting: int
    first_answer: int | None
    handling: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Today:
    """The day so far, since midnight in the desk's time zone.

    - ``opened``: new interactions;
    - ``handed``: interactions handed to live agents;
    - ``first_answer``: the time from the handoff to the agent's first message;
    - ``handling``: for closed interactions, the time from the first agent to the end;
    - ``closed``: closed interactions;
    - ``abandoned``: how many of them were abandoned;
    - ``promises_kept``, ``promises_missed``: agents' promises to text or call by a certain time.
    """

    since: datetime
    opened: int
    handed: int
    first_answer: Durations | None
    handling: Durations | None
    closed: int
    abandoned: int
    promises_kept: int
    promises_missed: int
    hours: list[Hour]


@dataclass(frozen=True, slots=True, kw_only=True)
class FullRange:
    """A range of numbers with a common prefix that has reached its limit on automatic replies. At
    least one reply was blocked in the last hour.

    - ``numbers``: how many numbers did not get a reply in the last 24 hours;
    - ``texts``: replies blocked in the last 24 hours;
    - ``since``: when the first of them was blocked.
    """

    begins_with: str
    numbers: int
    texts: int
    since: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class ReachedCap:
    """A cap on automatic replies to all unknown numbers that was reached. At least one reply was
    blocked in the last hour.

    - ``limit``: hourly or daily;
    - ``most``: the cap's value;
    - ``texts``: replies blocked in the last 24 hours;
    - ``since``: when the first of them was blocked.
    """

    limit: str
    most: int
    texts: int
    since: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class GatewayAway:
    """An alert: the company's own SMS gateway is unavailable. ``reason``: ``no_answer``, or
    ``silent`` if it answers but sends no heartbeats."""

    since: datetime
    reason: AwayReason


@dataclass(frozen=True, slots=True, kw_only=True)
class Now:
    """The current state of the desk.

    - ``conversations``: first those that wait, longest wait first, then those of agents or without
      an owner, then the virtual agent's;
    - ``active``: the number of all active conversations, of the chosen queue or of all queues;
    - ``waiting``: the number of conversations that wait in any queue, without transfers to an
      agent;
    - ``oldest_since``: when the longest of these waits started.
    """

    queues: list[QueueNow]
    agents: list[AgentNow]
    conversations: list[LiveConversation]
    active: int
    waiting: int
    oldest_since: datetime | None
    full_ranges: list[FullRange]
    reached_caps: list[ReachedCap]
    not_taken: list[NotTaken]
    held: HeldWork | None
    gateway_away: GatewayAway | None


@dataclass(frozen=True, slots=True, kw_only=True)
class PresencePeriod:
    """A period in which an agent had one presence. ``until``: null until the period ends."""

    presence: str
    reason: str | None
    since: datetime
    until: datetime | None
