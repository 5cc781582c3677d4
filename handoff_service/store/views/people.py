"""Requesters, agents, and what is known of who somebody is."""

from dataclasses import dataclass
from datetime import datetime

from handoff_service.rules.identity.identity_level import Level, Method
from handoff_service.rules.shared.vocabulary import Role


@dataclass(frozen=True, slots=True, kw_only=True)
class Named:
    """Something with a name, where the name is enough."""

    id: int
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class User:
    """``attributes``: what queues' conditions may ask for. Not ``active``: has left, and has no
    numbers."""

    id: int
    external_id: str
    name: str
    email: str | None
    numbers: list[str]
    attributes: dict[str, str]
    active: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Agent:
    """``presence``: available, away, offline or an admin's own state; ``presence_reason``: why the
    product set it, null when the agent chose it; ``returned_from``: why the product had set it
    until the agent came back, as long as the notice about that stands. ``load`` counts offers that
    wait and active conversations that are not on hold. Not ``active``: has left."""

    id: int
    email: str
    name: str
    roles: list[Role]
    groups: list[str]
    skills: list[str]
    capacity: int
    presence: str
    presence_reason: str | None
    returned_from: str | None
    load: int
    active: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """``capacity``: the most conversations that one of its agents may have; null: no limit.
    ``agents``: how many."""

    id: int
    name: str
    capacity: int | None
    agents: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PresenceChoice:
    """A presence that an agent can choose: one of the three, or an admin's own. Who takes no work
    is left in peace."""

    name: str
    takes_work: bool


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
    """Somebody tied a number to another user. ``before`` and ``after`` are null for nobody; ``by``:
    the live agent who did it; ``interaction``: where; ``undone_at``: it was taken back."""

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
    """A proof of identity that failed. ``claimed``: who they said to be; ``asked_by``: the live
    agent who wanted it."""

    id: int
    interaction_id: int
    claimed: str | None
    why: str
    asked_by: str | None
    ended_at: datetime


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
