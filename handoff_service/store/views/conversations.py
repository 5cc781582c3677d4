"""Conversations and their messages."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from handoff_service.rules.consent.consent_keywords import REQUESTERS_OWN, Source
from handoff_service.rules.conversations.brief import Exchange, Quote
from handoff_service.rules.conversations.list_order import Sort, Tag
from handoff_service.rules.conversations.media import is_shown
from handoff_service.rules.conversations.promises import PromiseState
from handoff_service.rules.conversations.scheduled_texts import SendQuestion
from handoff_service.rules.shared.vocabulary import (
    Author,
    Direction,
    Event,
    Kind,
    MediaStatus,
    Owner,
    State,
    Status,
)
from handoff_service.store.views.desk import Label
from handoff_service.store.views.people import Agent, Identity, Named, User


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnedBy:
    """The owner of an interaction, who replies next. ``id`` and ``name`` are those of the agent or
    the queue. An interaction that is closed or cannot be answered has no owner."""

    kind: Owner
    id: int | None
    name: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class OptedOut:
    """An opt-out, which blocks texts to a requester. ``why`` explains its cause, since when it
    applies, and what would end it."""

    since: datetime
    source: Source
    why: str

    @property
    def is_the_requesters(self) -> bool:
        """Whether only the requester can take it back."""
        return self.source in REQUESTERS_OWN


@dataclass(frozen=True, slots=True, kw_only=True)
class Interaction:
    """A conversation on one line.

    - ``hold_until``: when the hold ends by itself; null: a text from the requester ends it;
    - ``topic``: the label that the agent chose on closing;
    - ``unread``: the number of the requester's messages that the calling agent has not read;
    - ``opted_out``: why nothing can be sent; null if texts can be sent;
    - ``unanswerable``: the same for a sender that is a name, withheld, or the company's own number.
    """

    id: int
    number: str
    state: State
    state_reason: str | None
    hold_until: datetime | None
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
    unanswerable: str | None
    owner: OwnedBy
    epoch: int
    assigned_to: Agent | None
    live_group: list[Agent]
    queue: Named | None
    labels: list[Label]
    topic: Label | None
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
    """A picture or file.

    - ``url``: needs the same token;
    - ``size``: in bytes;
    - ``width`` and ``height``: in pixels, if known;
    - ``why``: why it was not stored, or what delays it.
    """

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
        """Whether it is stored and browsers can show it."""
        return self.status is MediaStatus.STORED and is_shown(self.content_type)


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageError:
    code: int
    meaning: str
    advice: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Price:
    """``amount`` is a decimal number, such as 0.0083, in ``currency`` (ISO 4217)."""

    amount: str
    currency: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """One line of a conversation.

    - ``seq``: its place in the conversation, without gaps;
    - ``direction`` and ``status``: null for lines that only agents see;
    - ``event``: the kind of event that such a line reports;
    - ``owner`` and ``epoch``: the interaction's owner and epoch when the line was written;
    - ``price``: the provider's price; null until it is known.
    """

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
    #: When a recovered text was sent, of which the webhook was lost. Null for all others.
    sent_at: datetime | None = None
    reaction: str | None = field(
        default=None,
        metadata={
            "description": "The emoji with which the requester has reacted to this message. "
            "Null: none, or removed."
        },
    )

    @property
    def shown_at(self) -> datetime:
        """The time by which the conversation is sorted."""
        return self.sent_at or self.created_at


@dataclass(frozen=True, slots=True, kw_only=True)
class ScheduledText:
    """A text that an agent has scheduled.

    - ``question``: what has happened since, so that an agent must decide whether to send it;
      null: it is sent at ``send_at``;
    - ``media``: the uploads that it takes with it.
    """

    id: int
    interaction_id: int
    agent: Named
    body: str
    media: list[int]
    send_at: datetime
    question: SendQuestion | None
    created_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class NextText:
    """When the next scheduled text of a conversation is sent, and whether an agent must decide
    about one."""

    send_at: datetime
    asks: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptPromise:
    """A time by which an agent has promised to text or call the requester.

    - ``words``: the sentence that promises;
    - ``message_id``: its text; null: a program stored the promise;
    - ``state``: ``open`` until a text or call note keeps it, its time passes, or it is canceled;
    - ``kept``: whether a live agent has texted or noted a call since.
    """

    id: int
    interaction_id: int
    agent: Named
    message_id: int | None
    words: str
    made_at: datetime
    promised_at: datetime
    remind_at: datetime
    state: PromiseState
    kept: bool

    def is_due(self, now: datetime) -> bool:
        return self.remind_at <= now


@dataclass(frozen=True, slots=True, kw_only=True)
class PromiseOffer:
    """A promise in the calling agent's last text, for which a reminder can be stored."""

    message_id: int
    words: str
    promised_at: datetime
    remind_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class ListedInteraction:
    """The fields of an interaction that the list pane shows, named as in ``Interaction``."""

    id: int
    state: State
    requester_number: str
    user: Named | None
    assigned_to: Named | None
    unread: int
    last_message_at: datetime
    unanswerable: str | None

    @property
    def guest(self) -> bool:
        return self.user is None


@dataclass(frozen=True, slots=True, kw_only=True)
class LastLine:
    """The last message of a person or the virtual agent, with fields named as in ``Message``."""

    direction: Direction
    author: WrittenBy
    body: str
    status: Status


@dataclass(frozen=True, slots=True, kw_only=True)
class ListItem:
    """One item of the list pane."""

    interaction: ListedInteraction
    last: LastLine | None
    opted_out: bool
    waiting_since: datetime | None  #: for the answer of its live agent
    timer_at: datetime | None  #: when its next timer is due
    hold_until: datetime | None  #: when its hold ends by itself
    scheduled: NextText | None
    promise: KeptPromise | None  #: the next open one
    labels: list[Label]

    @property
    def due_at(self) -> datetime | None:
        """When something is due next: a timer, the end of the hold, a scheduled text, a promise."""
        send_at = self.scheduled.send_at if self.scheduled else None
        promised_at = self.promise.promised_at if self.promise else None
        at = (self.timer_at, self.hold_until, send_at, promised_at)
        return min(filter(None, at), default=None)

    @property
    def label_ids(self) -> list[int]:
        return [one.id for one in self.labels]

    def tags(self, now: datetime) -> set[Tag]:
        """What needs attention, and what the list can be filtered by."""
        failed = self.last is not None and self.last.status in (Status.FAILED, Status.UNDELIVERED)
        has = {
            Tag.UNREAD: self.interaction.unread > 0,
            Tag.WAITING: self.waits(now),
            Tag.TIMER_DUE: self.shows_timer(now),
            Tag.SNOOZED: self.interaction.state is State.ON_HOLD,
            Tag.TEXT_SCHEDULED: self.scheduled is not None,
            Tag.PROMISE_DUE: self.promise is not None and self.promise.is_due(now),
            Tag.OPTED_OUT: self.opted_out,
            Tag.NOT_DELIVERED: failed,
        }
        return {tag for tag, applies in has.items() if applies}

    def waits(self, now: datetime) -> bool:
        """Whether the requester has waited for a minute or more, for an answer that can be sent."""
        since = self.waiting_since
        return since is not None and not self.opted_out and now - since >= timedelta(minutes=1)

    def shows_timer(self, now: datetime) -> bool:
        """Whether a timer acts within the hour. After an opt-out, most of them do nothing."""
        at = self.timer_at
        return at is not None and not self.opted_out and at - now <= timedelta(hours=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class ConversationBrief:
    """What an agent who takes a conversation, or comes back to it, must know, in the words that
    were used. ``seq``: their place in the conversation. Lists are short and oldest first.

    - ``read_seq``: how far the calling agent has read; null outside the live group;
    - ``problem``: the requester's text that says what is wrong;
    - ``asked``: what the virtual agent asked, with the answers;
    - ``tried``: what was tried or done, by anybody;
    - ``promised``: what agents and the virtual agent have promised;
    - ``identity_checks``: what happened to the requester's identity;
    - ``new``: the newest lines since the calling agent last read; ``new_count`` counts all.
    """

    interaction_id: int
    user: Named | None
    requester_number: str
    identity: Identity
    read_seq: int | None
    problem: Quote | None
    asked: list[Exchange]
    tried: list[Quote]
    promised: list[Quote]
    identity_checks: list[Quote]
    new: list[Quote]
    new_count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Mention:
    """A private note that names the calling agent. ``seq``: its place in the conversation."""

    id: int
    interaction_id: int
    seq: int
    user: Named | None
    requester_number: str
    by: Named
    body: str
    created_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class ListView:
    """A saved way to look at the list of ongoing conversations.

    - ``tag`` and ``label_id``: only conversations with them; null: all;
    - ``shared``: every agent sees it;
    - ``agent_id``: the agent who saved it;
    - ``mine``: the calling agent saved it.
    """

    id: int
    agent_id: int
    name: str
    sort: Sort
    tag: Tag | None
    label_id: int | None
    shared: bool
    mine: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Changed:
    """A changed field of a case."""

    before: str | int | None
    after: str | int | None
