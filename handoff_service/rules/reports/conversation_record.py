"""The stored past of one conversation, from which its facts are computed."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from handoff_service.rules.conversations.promises import PromiseState
from handoff_service.rules.delivery.message_status import DID_NOT_ARRIVE
from handoff_service.rules.shared.vocabulary import (
    Author,
    Direction,
    Kind,
    OfferOutcome,
    Owner,
    State,
    Status,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class FactLine:
    """A line of a conversation. ``owner``: the conversation's owner after this line. ``price``: in
    millionths of ``currency``."""

    at: datetime
    kind: Kind
    author: Author
    owner: Owner
    direction: Direction | None = None
    agent_id: int | None = None
    status: Status | None = None
    accepted: bool = False  #: whether the provider accepted it
    error_code: int | None = None
    segments: int = 0
    price: int = 0
    currency: str | None = None

    @property
    def is_answer(self) -> bool:
        """Whether it is a text of an agent that was not canceled."""
        return (
            self.kind is Kind.MESSAGE
            and self.author is Author.AGENT
            and self.direction is Direction.OUTBOUND
            and self.status is not Status.CANCELED
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueVisit:
    """A work item. ``is_transfer``: it came from an agent's transfer."""

    at: datetime
    reason: str
    is_transfer: bool = False


@dataclass(frozen=True, slots=True)
class AskedHow:
    """The satisfaction question: the status of its text, and the answer."""

    status: Status | None
    grade: int | None

    @property
    def was_asked(self) -> bool:
        """Whether the text has left the desk and did not fail. True if the requester has graded."""
        not_sent = {None, Status.QUEUED, Status.CANCELED, *DID_NOT_ARRIVE}
        return self.grade is not None or self.status not in not_sent


@dataclass(frozen=True, slots=True, kw_only=True)
class ConversationRecord:
    """The stored past of a conversation. Lists are oldest first."""

    state: State
    opened_at: datetime
    closed_at: datetime | None
    lines: Sequence[FactLine]
    visits: Sequence[QueueVisit] = ()
    offers: Sequence[tuple[int, OfferOutcome | None]] = ()  #: (agent, outcome)
    intents: Sequence[str | None] = ()  #: the intents of the bot's turns that answered a text
    promises: Sequence[PromiseState] = ()
    topic_label: str | None = None
    #: when the requester began the next conversation on the same line
    next_began_at: datetime | None = None
    asked_how: AskedHow | None = None
