"""The messages of a conversation: texts, notes and event lines."""

from dataclasses import dataclass, field
from datetime import datetime

from handoff_service.rules.conversations.media import is_shown
from handoff_service.rules.shared.vocabulary import (
    Author,
    Direction,
    Event,
    Kind,
    MediaStatus,
    Owner,
    Status,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class WrittenBy:
    kind: Author
    id: int | None
    name: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Medium:
    """A picture or file.

    - ``url``: the download address, which needs the same API token;
    - ``size``: in bytes;
    - ``width`` and ``height``: in pixels, if known;
    - ``why``: why it was not stored, or why it is delayed.
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
        """Return whether it is stored and is a picture that browsers can show."""
        return self.status is MediaStatus.STORED and is_shown(self.content_type)


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageError:
    code: int
    meaning: str
    advice: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Price:
    """A price. ``amount``: a decimal number, such as 0.0083. ``currency``: its ISO 4217 code."""

    amount: str
    currency: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """A message of a conversation: a text, a private note, or an event line.

    - ``seq``: its position in the conversation; there are no gaps;
    - ``direction`` and ``status``: null for messages that only agents see;
    - ``event``: the kind of event that an event line reports;
    - ``owner`` and ``epoch``: the interaction's owner and epoch when the message was written;
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
    #: When the requester sent a text whose webhook call was lost and that was recovered later. Null
    #: for other messages.
    sent_at: datetime | None = None
    reaction: str | None = field(
        default=None,
        metadata={
            "description": "The emoji with which the requester has reacted to this message. "
            "Null: none, or removed."
        },
    )
    emptied_at: datetime | None = field(
        default=None,
        metadata={
            "description": "When retention or an erasure removed its text and media. Null: never."
        },
    )

    @property
    def shown_at(self) -> datetime:
        """The time by which the conversation is sorted."""
        return self.sent_at or self.created_at
