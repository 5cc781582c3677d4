"""The content of webhook events: the ``data`` of each body.

Only webhooks with the option ``with_texts`` get the fields in ``PRIVATE``. All other fields
identify people by ids.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from handoff_service.rules.consent.consent_keywords import Source
from handoff_service.rules.identity.identity_level import Method
from handoff_service.rules.shared.vocabulary import Author, Direction, Owner, State, Status

#: Fields that only webhooks ``with_texts`` get: what people wrote, names, phone numbers and e-mail
#: addresses. A consent event always has the number, because the event is about the number.
PRIVATE = frozenset(
    {
        *("body", "comment", "note", "reason", "description", "device", "impact"),
        *("name", "email", "requester_number", "requester.number"),
    }
)


def without_private(data: Any, within: str = "") -> Any:
    """The data for a webhook without texts. ``within``: the field that contains the data."""
    if isinstance(data, dict):
        return {
            name: without_private(one, name)
            for name, one in data.items()
            if PRIVATE.isdisjoint((name, f"{within}.{name}"))
        }
    return [without_private(one) for one in data] if isinstance(data, list) else data


@dataclass(frozen=True, slots=True, kw_only=True)
class EventConversation:
    """The conversation after the event.

    - ``user_id``, ``external_id``: the requester, if known;
    - ``provider_number``: the company number.
    """

    id: int
    number: str
    state: State
    owner: Owner
    user_id: int | None
    external_id: str | None
    requester_number: str
    provider_number: str
    queue_id: int | None
    agent_id: int | None
    opened_at: datetime
    closed_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class EventMessage:
    """A text. ``seq``: its place in the conversation. ``error_code``: the provider's.
    ``media``: how many pictures and files it has."""

    id: int
    seq: int
    direction: Direction
    author: Author
    agent_id: int | None
    status: Status
    error_code: int | None
    segments: int | None
    media: int
    created_at: datetime
    body: str


@dataclass(frozen=True, slots=True, kw_only=True)
class EventOwner:
    """A change of owner. ``reason``: why; ``agent_id``: the agent involved; null: no agent."""

    reason: str | None
    agent_id: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ConversationData:
    """``change`` null: the conversation has just begun."""

    conversation: EventConversation
    change: EventOwner | None


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageData:
    message: EventMessage
    conversation: EventConversation


@dataclass(frozen=True, slots=True, kw_only=True)
class EventStatus:
    """The delivery status of a text. ``error_code``: the provider's. ``retries``: how often the
    text was sent again after such an error."""

    id: int
    seq: int
    status: Status
    error_code: int | None
    retries: int


@dataclass(frozen=True, slots=True, kw_only=True)
class StatusData:
    message: EventStatus
    conversation: EventConversation


@dataclass(frozen=True, slots=True, kw_only=True)
class EventIdentity:
    """``method``: how the number was linked. ``undone``: somebody undid this, so the former user is
    linked again. ``user_id`` null: the number is linked to nobody."""

    method: Method
    undone: bool
    agent_id: int | None
    former_user_id: int | None
    user_id: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class IdentityData:
    identity: EventIdentity
    conversation: EventConversation


@dataclass(frozen=True, slots=True, kw_only=True)
class EventConsent:
    """``provider_number``: the company number to which the consent applies; null: all of them."""

    number: str
    provider_number: str | None
    opted_out: bool
    source: Source
    agent_id: int | None
    at: datetime
    note: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsentData:
    consent: EventConsent


@dataclass(frozen=True, slots=True, kw_only=True)
class EventPresence:
    """``automatic_reason``: why Patchboard changed the presence; null: the agent changed it."""

    agent_id: int
    presence: str
    automatic_reason: str | None
    since: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class PresenceData:
    presence: EventPresence


@dataclass(frozen=True, slots=True, kw_only=True)
class EventRating:
    """``grade``: 1 to 5."""

    grade: int
    comment: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class RatingData:
    rating: EventRating
    conversation: EventConversation


@dataclass(frozen=True, slots=True, kw_only=True)
class EventJob:
    """``kind``: the kind of background job. ``key``: the id of the job's subject. ``attempts``: how
    often the job was started. ``error``: the kind of error. ``given_up``: the job will not be tried
    again.
    """

    kind: str
    key: str
    attempts: int
    error: str
    given_up: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class JobData:
    job: EventJob


@dataclass(frozen=True, slots=True, kw_only=True)
class EventOfTest:
    webhook_id: int


@dataclass(frozen=True, slots=True, kw_only=True)
class WebhookTestData:
    test: EventOfTest
