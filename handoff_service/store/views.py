"""What people and programs are shown. The HTTP API's JSON has exactly these shapes; the workspace renders them.

Times are aware UTC, phone numbers E.164.
"""

from dataclasses import dataclass
from datetime import date, datetime

from handoff_service.rules.consent import REQUESTERS_OWN, Source
from handoff_service.rules.identity import Level, Method
from handoff_service.rules.media import is_shown
from handoff_service.rules.system_messages import SystemMessage
from handoff_service.rules.vocabulary import (
    Action,
    Author,
    CallState,
    CaseEvent,
    CaseKind,
    CaseState,
    Direction,
    Event,
    FirstResponder,
    Kind,
    MediaStatus,
    OfferOutcome,
    Owner,
    Role,
    State,
    Status,
    Unanswered,
    WorkItemState,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Named:
    """Something with a name, where the name is enough."""

    id: int
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class User:
    """``attributes``: what queues' conditions may ask for. Not ``active``: has left, and has no numbers."""

    id: int
    external_id: str
    name: str
    email: str | None
    numbers: list[str]
    attributes: dict[str, str]
    active: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Agent:
    """``presence``: available, away, offline or an admin's own state; ``presence_reason``: why the product changed it.
    ``load`` counts offers that wait and active conversations that are not on hold. Not ``active``: has left."""

    id: int
    email: str
    name: str
    roles: list[Role]
    groups: list[str]
    skills: list[str]
    capacity: int
    presence: str
    presence_reason: str | None
    load: int
    active: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """``capacity``: the most conversations that one of its agents may have; null: no limit. ``agents``: how many."""

    id: int
    name: str
    capacity: int | None
    agents: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PresenceChoice:
    """A presence that an agent can choose: one of the three, or an admin's own. Who takes no work is left in peace."""

    name: str
    takes_work: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ProviderNumber:
    id: int
    number: str
    label: str
    first_responder: FirstResponder
    queue: Named
    segments_per_second: int
    messaging_service: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """A messaging profile: one phone number tied to a user, or to nobody yet."""

    id: int
    number: str
    user: Named | None
    active: bool
    created_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """How sure it is who the requester is."""

    level: Level
    method: Method | None = None
    verified_at: datetime | None = None
    expires_at: datetime | None = None
    verified_by: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Association:
    """Somebody tied a number to another user. ``before`` and ``after`` are null for nobody; ``by``: the live agent who
    did it; ``interaction``: where; ``undone_at``: it was taken back."""

    id: int
    interaction: Named
    before: Named | None
    after: Named | None
    method: Method
    by: str | None
    note: str | None
    made_at: datetime
    expires_at: datetime
    undone_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class PastProof:
    """A proof of identity that failed. ``claimed``: who they said to be; ``asked_by``: the live agent who wanted it."""

    id: int
    interaction_id: int
    claimed: str | None
    why: str
    asked_by: str | None
    ended_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnedBy:
    """Who may speak next. ``id`` and ``name`` are the agent's or the queue's."""

    kind: Owner
    id: int | None
    name: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class OptedOut:
    """Texts to a requester are refused; ``why``: because of what, since when, and what would change it, in words."""

    since: datetime
    source: Source
    why: str

    @property
    def is_the_requesters(self) -> bool:
        """Whether only they can take it back."""
        return self.source in REQUESTERS_OWN


@dataclass(frozen=True, slots=True, kw_only=True)
class Interaction:
    """``unread`` is how many of the requester's messages the asking agent has not read. ``opted_out``: why nothing can
    be sent, null when texts can be."""

    id: int
    number: str
    state: State
    state_reason: str | None
    short_description: str | None
    requester_number: str
    provider_number: str
    provider_label: str
    profile_id: int
    user: Named | None
    guest: bool
    candidates: list[User]
    identity: Identity
    opted_out: OptedOut | None
    owner: OwnedBy
    epoch: int
    assigned_to: Agent | None
    live_group: list[Agent]
    queue: Named | None
    priority: int
    unread: int
    opened_at: datetime
    closed_at: datetime | None
    last_message_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class WrittenBy:
    kind: Author
    id: int | None
    name: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Medium:
    """A picture or file. ``url`` is fetched with the same token; ``size`` in bytes, ``width`` and ``height`` in pixels,
    when they are known; ``why``: what kept it from being taken, or is in the way so far."""

    id: int
    url: str
    content_type: str
    size: int | None
    status: MediaStatus
    why: str | None
    width: int | None
    height: int | None

    @property
    def is_picture(self) -> bool:
        """Whether it is here, and browsers show it."""
        return self.status is MediaStatus.STORED and is_shown(self.content_type)


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageError:
    code: int
    meaning: str
    advice: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Price:
    """``amount``: a decimal number, such as 0.0083, in ``currency`` (ISO 4217)."""

    amount: str
    currency: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """One line of a conversation; ``seq`` is its place, without gaps. ``direction`` and ``status`` are null for what
    only agents see; ``event`` says what such a line tells, ``owner`` and ``epoch`` who owned the interaction then.
    ``price``: what the provider takes for it, null until it says."""

    id: int
    interaction_id: int
    seq: int
    kind: Kind
    direction: Direction | None
    author: WrittenBy
    body: str
    media: list[Medium]
    status: Status | None
    error: MessageError | None
    segments: int | None
    encoding: str | None
    provider_sid: str | None
    price: Price | None
    event: Event | None
    reason: str | None
    owner: Owner
    epoch: int
    created_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class InboxOffer:
    """Work offered to me; ``id`` is the work item's. ``card``: what the admin chose to show of it; ``sender``: who
    transfers it, with a ``note``."""

    id: int
    interaction: Interaction
    reason: str
    collected: dict[str, str]
    card: dict[str, str]
    sender: Named | None
    note: str | None
    offered_at: datetime
    expires_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class TransferNow:
    """A transfer to an agent that nobody has answered yet."""

    by: Named
    to: Named
    expires_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class PastOffer:
    agent: Named
    offered_at: datetime
    expires_at: datetime
    outcome: OfferOutcome | None
    outcome_reason: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class CandidateLine:
    """One candidate of a decision: asked or not, and why. ``joins_after``: seconds until their pool is asked."""

    agent: Named
    joins_after: int
    chosen: bool
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DecisionLine:
    """One decision of work assignment: what was done, and every candidate with the reason."""

    at: datetime
    round: int
    said: str
    candidates: list[CandidateLine]


@dataclass(frozen=True, slots=True, kw_only=True)
class BotTurnSeen:
    """A turn of the virtual agent as agents see it: what was said to it, what it took that for and how surely (0 to 1),
    and what it did. The last three are unknown where the bot does not tell."""

    text: str
    intent: str | None
    confidence: float | None
    did: list[str]
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkItem:
    """``sender`` and ``only``: a transfer, by whom and to whom alone; ``note``: what they wrote; ``round``: how often
    everybody was asked; ``decisions``: the log; ``bot_turns``: the last of them before it, oldest first."""

    id: int
    interaction_id: int
    queue: Named
    state: WorkItemState
    reason: str
    collected: dict[str, str]
    note: str | None
    sender: Named | None
    only: Named | None
    round: int
    offers: list[PastOffer]
    decisions: list[DecisionLine]
    bot_turns: list[BotTurnSeen]
    created_at: datetime
    ended_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ListedInteraction:
    """An interaction as far as the list pane shows it; named as in ``Interaction``."""

    id: int
    state: State
    requester_number: str
    user: Named | None
    assigned_to: Named | None
    unread: int
    last_message_at: datetime

    @property
    def guest(self) -> bool:
        return self.user is None


@dataclass(frozen=True, slots=True, kw_only=True)
class LastLine:
    """The last thing that a person or the virtual agent said; named as in ``Message``."""

    direction: Direction
    author: WrittenBy
    body: str
    status: Status


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """One item of the list pane."""

    interaction: ListedInteraction
    last: LastLine | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Changed:
    """One field of a case, before and after."""

    before: str | int | None
    after: str | int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseChange:
    """An entry of a case's history; the first is its opening. ``changes``: by field; ``note``: why, for agents."""

    version: int
    by: WrittenBy
    changes: dict[str, Changed]
    note: str | None
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """What was reported, wanted or locked, kept beyond the conversation. ``user``: whose it is, null: a guest's;
    ``interaction``: in which it was opened; ``external_number``: what the company's own ticket system calls it;
    ``priority``: 1 first, 5 last; ``version`` grows with each change; ``history``: oldest first."""

    id: int
    number: str
    kind: CaseKind
    state: CaseState
    priority: int
    description: str
    device: str | None
    impact: str | None
    user: Named | None
    interaction: Named | None
    external_number: str | None
    version: int
    created_at: datetime
    changed_at: datetime
    history: list[CaseChange]

    @property
    def opened_by(self) -> WrittenBy:
        """Who opened it."""
        return self.history[0].by


@dataclass(frozen=True, slots=True, kw_only=True)
class Consent:
    """One entry of the consent ledger. ``provider_number``: the company's number that it is about, None for all of
    them; ``words``: what the requester texted, or the provider's error code; ``in_force``: it keeps texts back just
    now; ``told_at``: when the provider was told, null while that waits; ``told_why``: what it said against it."""

    id: int
    number: str
    provider_number: str | None
    opted_out: bool
    in_force: bool
    source: Source
    words: str | None
    agent: Named | None
    note: str | None
    at: datetime
    told_at: datetime | None
    told_why: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Outage:
    """What requesters are told is down. ``current``: they are told so now; ``until`` null: nobody knows yet."""

    id: int
    title: str
    text: str
    since: datetime
    until: datetime | None
    active: bool
    current: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class WebhookCall:
    """One event told to the outgoing webhook's address. ``status``: what the last attempt was answered with; ``why``:
    what was wrong with it; ``next_at``: when it is tried again."""

    id: int
    event_id: str
    type: CaseEvent
    case: Named
    state: CallState
    attempts: int
    status: int | None
    why: str | None
    created_at: datetime
    tried_at: datetime | None
    next_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ConditionLine:
    field: str
    operator: str
    value: str | int | bool | list[str] | list[int]


@dataclass(frozen=True, slots=True, kw_only=True)
class SavedAction:
    """A messaging action. ``duration`` as it is written (30m); ``position``: its place in the admin's order; ``queues``
    and ``provider_numbers`` limit it, empty: everywhere; ``will`` says in words what it does."""

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
    """A timer on a conversation: ``will`` says in words what it does, ``when`` when, in the desk's time zone."""

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
class Room:
    """For how many more conversations an agent has a place, and whether their presence takes work."""

    places: int
    takes_work: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Offered:
    """As much of an offer as its card and a notification say. ``id`` is the work item's; ``card``, ``sender``
    and ``note`` as in the inbox."""

    id: int
    user: Named | None
    requester_number: str
    level: Level
    queue: str
    provider_label: str
    reason: str
    card: dict[str, str]
    sender: Named | None
    note: str | None
    offered_at: datetime
    expires_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Prompt:
    """A prompt of a messaging action that stands. ``id`` and ``seq`` are its line's; ``said`` is the admin's text."""

    id: int
    interaction_id: int
    seq: int
    user: Named | None
    requester_number: str
    assigned: bool
    said: str
    created_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Pool:
    """A group of a queue, and when its agents join those who are asked."""

    group: str
    after_seconds: int


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueSkill:
    name: str
    mandatory: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Queue:
    """A queue. ``position``: its place in the admin's order; ``groups`` are those of ``pools``, by when they join;
    ``schedule`` null: always open; ``time_zone``, ``country`` and ``texts`` null: the desk's; ``opens_at``: when it
    opens, null when it is open now or never will be; ``problems``: why it can never assign, in words."""

    id: int
    name: str
    position: int
    groups: list[str]
    pools: list[Pool]
    skills: list[QueueSkill]
    conditions: list[ConditionLine]
    match: str
    schedule: str | None
    time_zone: str | None
    country: str | None
    assignment: str
    accept_seconds: int
    auto_assign: bool
    affinity_days: int
    alarm_seconds: int | None
    texts: dict[SystemMessage, str | None]
    waiting: int
    open_now: bool
    opens_at: datetime | None
    problems: list[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Template:
    """A text that agents put into the composer; ``body`` has placeholders."""

    id: int
    name: str
    body: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SavedText:
    """A system message to the requester. ``when`` it is sent; ``body`` as it is now, ``default`` as shipped;
    ``placeholders`` that may stand in it."""

    name: SystemMessage
    when: str
    body: str
    default: str
    edited: bool
    placeholders: list[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """``away_after_seconds``: how long an agent's connection may be lost; ``reassign_when_away``: whether the
    conversations of who is set away go back to their queues; ``card_fields``: what offers' cards show, none:
    everything that was collected; ``commands``: command -> the words that mean it, where the admin chose;
    ``same_answers``: after how many equal answers in a row a bot that does not tell what it understood is taken to be
    lost, 0: never; ``quiet_hours``: when what is no answer is held back, by the requester's clock, such as
    21:00-08:00, null: never; ``most_answers``: how often the virtual agent answers one number in ten minutes;
    ``countries``: ISO codes of those that are texted, none: every country; ``most_in_range``: how many unknown numbers,
    alike but for the last four digits, are answered by themselves within an hour, 0: any number."""

    name: str
    country: str
    time_zone: str
    reassign_when_away: bool
    away_after_seconds: int
    card_fields: list[str]
    commands: dict[str, list[str]]
    same_answers: int
    quiet_hours: str | None
    most_answers: int
    countries: list[str]
    most_in_range: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PresenceState:
    """A presence of the admin's own. ``takes_work``: agents in it are offered work."""

    id: int
    name: str
    takes_work: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class RejectReason:
    """Why an agent rejects an offer. ``again``: may be asked again in a later round."""

    id: int
    words: str
    again: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class DayCount:
    day: date
    times: int


@dataclass(frozen=True, slots=True, kw_only=True)
class WouldHave:
    """A conversation that a messaging action would have acted on. ``requester``: the user's name, or the number."""

    interaction_id: int
    number: str
    requester: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class DryRun:
    """What a messaging action would have done between two moments. ``waits``: how many runs of its event began then;
    ``share``: of how many of these it would have acted on; ``days``: by day of the desk's time zone, all of them;
    ``conversations``: the latest; ``judged_by_today``: what the history does not keep."""

    since: datetime
    until: datetime
    waits: int
    times: int
    share: float
    days: list[DayCount]
    busiest: DayCount | None
    conversations: list[WouldHave]
    judged_by_today: list[str]
