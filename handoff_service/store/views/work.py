"""Work that is offered to live agents: its origin, its offers and the reasons."""

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

    - ``first_text``: the requester's first text; empty when they have not written;
    - ``open_case``: of the user, or opened in this conversation;
    - ``last_agent``: who last served this number, and ``last_served_at`` when.
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
    - ``sender``: the agent who transfers it;
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
    """One candidate of an assignment decision, chosen or not, and why. ``joins_after``: seconds
    until the candidate's pool gets offers."""

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
    """A turn of the virtual agent, as agents see it: the requester's text, the recognized
    ``intent`` with its ``confidence`` (0 to 1), and what the bot ``did``. The last three are
    unknown for a bot that does not report them."""

    text: str
    intent: str | None
    confidence: float | None
    did: list[str]
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkItem:
    """A work item.

    - ``sender``: the agent who transferred it; null if it is no transfer;
    - ``only``: the one agent it was transferred to;
    - ``note``: the sender's note;
    - ``round``: how often all agents have been asked;
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
class Room:
    """How many more conversations an agent can have, and whether their presence takes work."""

    places: int
    takes_work: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Offered(OfferFacts):
    """The fields of an offer that its card and a notification show. ``id`` is the work item's;
    ``card``, ``sender`` and ``note`` are as in the inbox."""

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
    """A prompt of a messaging action that nobody has answered or dismissed. ``id`` and ``seq`` are
    its line's; ``said`` is the admin's text."""

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
    """A colleague's action on the calling agent's conversation. ``said``: a sentence without a full
    stop."""

    interaction_id: int
    user: Named | None
    requester_number: str
    said: str
    created_at: datetime
