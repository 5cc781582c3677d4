"""Work items and their offers to live agents."""

from dataclasses import dataclass
from datetime import datetime

from handoff_service.rules.identity.identity_level import Level
from handoff_service.rules.shared.vocabulary import CaseState, OfferOutcome, WorkItemState
from handoff_service.store.views.conversations import Interaction
from handoff_service.store.views.people import Named


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenCase:
    """The newest unresolved case of a requester."""

    id: int
    number: str
    state: CaseState
    description: str


@dataclass(frozen=True, slots=True, kw_only=True)
class OfferFacts:
    """The facts that an agent should know before accepting an offer.

    - ``first_text``: the requester's first text; empty if they have not texted;
    - ``open_case``: the newest unresolved case of the user or of this conversation;
    - ``last_agent``: the agent who last served this number; ``last_served_at``: when.
    """

    first_text: str
    open_case: OpenCase | None
    last_agent: Named | None
    last_served_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class InboxOffer:
    """Work that is offered to the calling agent.

    - ``id``: the work item's id;
    - ``card``: the details that the admin chose to show;
    - ``sender``: the agent who transfers the conversation;
    - ``note``: the sender's note;
    - ``waits_since``: when the requester began to wait for a live agent;
    - ``first_text`` to ``last_served_at``: as in ``OfferFacts``.
    """

    id: int
    interaction: Interaction
    reason: str
    collected: dict[str, str]
    card: dict[str, str]
    sender: Named | None
    note: str | None
    waits_since: datetime
    first_text: str
    open_case: OpenCase | None
    last_agent: Named | None
    last_served_at: datetime | None
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
    """A candidate in a decision of work assignment. ``why``: why they were chosen or not.
    ``joins_after``: the seconds until their pool gets offers."""

    agent: Named
    joins_after: int
    chosen: bool
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DecisionLine:
    """A decision of work assignment. ``said``: the decision in words."""

    at: datetime
    round: int
    said: str
    candidates: list[CandidateLine]


@dataclass(frozen=True, slots=True, kw_only=True)
class BotTurnSeen:
    """A turn of the virtual agent, as agents see it. ``text``: the requester's text. ``intent``,
    ``confidence`` (0 to 1) and ``did``: the predicted intent and the bot's actions, if the bot
    reports them."""

    text: str
    intent: str | None
    confidence: float | None
    did: list[str]
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkItem:
    """A work item.

    - ``sender``: the agent who transferred it; null if it is not a transfer;
    - ``only``: the agent to whom it was transferred;
    - ``note``: the sender's note;
    - ``round``: the current round of offers to all agents;
    - ``decisions``: the log of work assignment;
    - ``bot_turns``: the last turns before the handoff, oldest first.
    """

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
class Offered(OfferFacts):
    """The fields of an offer that cards and notifications show. ``id``: the work item's id.
    ``card``, ``sender`` and ``note``: as in the inbox."""

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
    waits_since: datetime
    offered_at: datetime
    expires_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Prompt:
    """A prompt of a messaging action, or an alert. Nobody has answered it, and the calling agent
    has not dismissed it. ``id`` and ``seq``: those of its message. ``said``: its text."""

    id: int
    interaction_id: int
    seq: int
    user: Named | None
    requester_number: str
    assigned: bool
    said: str
    created_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class ColleagueNotice:
    """A colleague's action on the calling agent's conversation. ``said``: the action as a sentence,
    without a full stop."""

    interaction_id: int
    user: Named | None
    requester_number: str
    said: str
    created_at: datetime
