"""Conversations and what was said in them."""

from dataclasses import dataclass, field
from datetime import datetime

from handoff_service.rules.consent.consent_keywords import REQUESTERS_OWN, Source
from handoff_service.rules.conversations.media import is_shown
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
from handoff_service.store.views.people import Agent, Identity, Named, User


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnedBy:
    """Who may speak next. ``id`` and ``name`` are the agent's or the queue's. Nobody has what is
    closed or cannot be answered."""

    kind: Owner
    id: int | None
    name: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class OptedOut:
    """Texts to a requester are refused; ``why``: because of what, since when, and what would change
    it, in words."""

    since: datetime
    source: Source
    why: str

    @property
    def is_the_requesters(self) -> bool:
        """Whether only they can take it back."""
        return self.source in REQUESTERS_OWN


@dataclass(frozen=True, slots=True, kw_only=True)
class Interaction:
    """``unread`` is how many of the requester's messages the asking agent has not read.
    ``opted_out``: why nothing can be sent, null when texts can be; ``unanswerable``: the same, for
    a sender that is a name, withheld or our own."""

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
    unanswerable: str | None
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
    """A picture or file. ``url`` is fetched with the same token; ``size`` in bytes, ``width`` and
    ``height`` in pixels, when they are known; ``why``: what kept it from being taken, or is in the
    way so far."""

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
    """One line of a conversation; ``seq`` is its place, without gaps. ``direction`` and ``status``
    are null for what only agents see; ``event`` says what such a line tells, ``owner`` and
    ``epoch`` who owned the interaction then. ``price``: what the provider takes for it, null until
    it says."""

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
    #: When a recovered text was sent: its webhook was lost. Null for all others.
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
        """The time at which it stands in the conversation."""
        return self.sent_at or self.created_at


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
    unanswerable: str | None

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
class ListItem:
    """One item of the list pane."""

    interaction: ListedInteraction
    last: LastLine | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Changed:
    """One field of a case, before and after."""

    before: str | int | None
    after: str | int | None
