"""Users, agents and the identity of requesters."""

from dataclasses import dataclass
from datetime import datetime

from handoff_service.rules.identity.identity_level import Level, Method
from handoff_service.rules.shared.language import Language
from handoff_service.rules.shared.vocabulary import Role


@dataclass(frozen=True, slots=True, kw_only=True)
class Named:
    """The id and the name of an object."""

    id: int
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class User:
    """A person whom the desk knows. ``attributes``: values that the conditions of queues and of
    messaging actions can test. ``active``: false if the person has left; they then have no
    numbers."""

    id: int
    external_id: str
    name: str
    email: str | None
    numbers: list[str]
    attributes: dict[str, str]
    active: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class MailReader:
    """The recipient of a mail. ``language``: the language that the agent has chosen, or else
    English."""

    email: str
    language: Language


@dataclass(frozen=True, slots=True, kw_only=True)
class Agent:
    """An agent.

    - ``presence``: available, away, offline or a presence that an admin added;
    - ``presence_reason``: why Patchboard set the presence; null if the agent chose it;
    - ``returned_from``: why Patchboard had set the agent to Away before they returned; null once
      they have dismissed the notice;
    - ``load``: open offers, plus active conversations that are not on hold;
    - ``active``: false after the agent has left;
    - ``always_password``: whether this admin may use a password even if passwords are off for the
      role;
    - ``language``: the language of the agent's pages; null: the browser's.
    """

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
    always_password: bool
    language: Language | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """A group of agents. ``capacity``: how many conversations each agent of the group may have;
    null: no limit. ``agents``: how many active agents it has."""

    id: int
    name: str
    capacity: int | None
    agents: int


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentSession:
    """A browser or program in which an agent is signed in. ``key``: identifies the session, but
    does not give access to it."""

    key: str
    started_at: datetime
    last_used_at: datetime | None
    device: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Passkey:
    """One of an agent's passkeys."""

    id: int
    name: str
    created_at: datetime
    last_used_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class SecondFactor:
    """An agent's second factors.

    - ``required``: whether a role of the agent requires one;
    - ``authenticator``: whether the agent has an authenticator app;
    - ``backup_codes``: how many backup codes are left.
    """

    required: bool
    authenticator: bool
    backup_codes: int
    passkeys: list[Passkey]


@dataclass(frozen=True, slots=True, kw_only=True)
class IdentityProvider:
    """An OpenID Connect provider with which agents sign in. The fields are those of a desk file.

    - ``has_secret``: whether a client secret is stored, which is never shown;
    - ``agents``: how many agents have signed in with it.
    """

    id: int
    name: str
    issuer: str
    client_id: str
    has_secret: bool
    scopes: str
    groups_claim: str
    roles: dict[str, list[Role]]
    groups: dict[str, list[str]]
    domains: list[str]
    creates_accounts: bool
    asks_second_factor: bool
    trusts_addresses: bool
    active: bool
    agents: int


@dataclass(frozen=True, slots=True, kw_only=True)
class NotificationTarget:
    """Where an agent gets notifications while no workspace page is open. ``way``: push, mail or
    webhook. ``name``: the browser, or the webhook's host. ``error``: why the last notification did
    not arrive."""

    id: int
    way: str
    name: str
    address: str | None
    created_at: datetime
    sent_at: datetime | None
    error: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class PresenceChoice:
    """A presence that an agent can choose: one of the three built-in ones, or one that an admin has
    added. ``takes_work``: whether agents with this presence get offers."""

    name: str
    takes_work: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """A messaging profile, which ties a phone number to a user, or to nobody yet."""

    id: int
    number: str
    user: Named | None
    active: bool
    created_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """How certain the requester's identity is."""

    level: Level
    method: Method | None = None
    verified_at: datetime | None = None
    expires_at: datetime | None = None
    verified_by: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Association:
    """A change of the user to whom a number is tied.

    - ``before`` and ``after``: the users; null: nobody;
    - ``by``: the live agent who made the change;
    - ``interaction``: the interaction in which it was made;
    - ``undone_at``: when it was undone.
    """

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
    """A failed proof of identity. ``claimed``: the employee number or address that the requester
    gave. ``asked_by``: the live agent who requested the proof."""

    id: int
    interaction_id: int
    claimed: str | None
    why: str
    asked_by: str | None
    ended_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class PresenceState:
    """A presence that an admin has added. ``takes_work``: whether agents with this presence get
    offers."""

    id: int
    name: str
    takes_work: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class RejectReason:
    """A reason to reject an offer. ``again``: whether the agent may get the offer again in a later
    round."""

    id: int
    words: str
    again: bool
