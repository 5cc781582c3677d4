"""Work that is offered to live agents: its origin, its offers and the reasons."""

from dataclasses import dataclass
from datetime import datetime

from handoff_service.rules.identity.identity_level import Level
from handoff_service.rules.shared.vocabulary import OfferOutcome, WorkItemState
from handoff_service.store.views.conversations import Interaction
from handoff_service.store.views.people import Named


@dataclass(frozen=True, slots=True, kw_only=True)
class InboxOffer:
    """Work offered to me; ``id`` is the work item's. ``card``: what the admin chose to show of it;
    ``sender``: who transfers it, with a ``note``."""

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
    """A pending transfer to an agent."""

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
    """One candidate of a decision: asked or not, and why. ``joins_after``: seconds until their pool
    is asked."""

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
    """A turn of the virtual agent as agents see it: what was said to it, what it took that for and
    how surely (0 to 1), and what it did. The last three are unknown where the bot does not tell."""

    text: str
    intent: str | None
    confidence: float | None
    did: list[str]
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkItem:
    """``sender`` and ``only``: a transfer, by whom and to whom alone; ``note``: what they wrote;
    ``round``: how often everybody was asked; ``decisions``: the log; ``bot_turns``: the last of
    them before it, oldest first."""

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
class Room:
    """How many more conversations an agent can have, and whether their presence takes work."""

    places: int
    takes_work: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Offered:
    """As much of an offer as its card and a notification say. ``id`` is the work item's; ``card``,
    ``sender`` and ``note`` as in the inbox."""

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
    """An open prompt of a messaging action. ``id`` and ``seq`` are its line's; ``said`` is the
    admin's text."""

    id: int
    interaction_id: int
    seq: int
    user: Named | None
    requester_number: str
    assigned: bool
    said: str
    created_at: datetime
