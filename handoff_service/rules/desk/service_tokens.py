"""Service tokens: what a program may do over the API, for how long and how often.

A token has scopes. A call that needs none of them is for people only. ``read`` covers every call
that changes nothing, except people's own lists, the list of tokens, and the audit log, which has a
scope of its own.
"""

from datetime import datetime, timedelta
from enum import StrEnum

PREFIX = "pbt_"  #: how each token begins, so that a secret scanner recognizes it
NAME = "Service token {name}"  #: how histories name a token
MOST_DAYS = 366
USUAL_DAYS = 90
MOST_RATE = 6000  # requests a minute
USUAL_RATE = 300


class Scope(StrEnum):
    """What a token may do."""

    READ = "read"
    TEXTS = "texts"
    CONVERSATIONS = "conversations"
    CASES = "cases"
    CONSENTS = "consents"
    AUDIT = "audit"
    ADMIN_AGENTS = "admin:agents"
    ADMIN_ATTRIBUTES = "admin:attributes"
    ADMIN_DESK = "admin:desk"
    ADMIN_GROUPS = "admin:groups"
    ADMIN_LABELS = "admin:labels"
    ADMIN_MACROS = "admin:macros"
    ADMIN_MESSAGING_ACTIONS = "admin:messaging-actions"
    ADMIN_OUTAGES = "admin:outages"
    ADMIN_PROFILES = "admin:profiles"
    ADMIN_PROVIDER_NUMBERS = "admin:provider-numbers"
    ADMIN_QUEUES = "admin:queues"
    ADMIN_TEMPLATES = "admin:templates"
    ADMIN_TEXTS = "admin:texts"
    ADMIN_USERS = "admin:users"
    ADMIN_WEBHOOKS = "admin:webhooks"


#: What each scope allows, in words.
MEANING = {
    Scope.READ: "Read everything, and follow the event stream",
    Scope.TEXTS: "Send texts, write private notes, schedule texts",
    Scope.CONVERSATIONS: "Change, close, label, transfer and assign conversations",
    Scope.CASES: "Open and change cases",
    Scope.CONSENTS: "Record opt-outs and opt-ins",
    Scope.AUDIT: "Read the audit log",
    Scope.ADMIN_AGENTS: "Change agents, also their roles and passwords",
    Scope.ADMIN_ATTRIBUTES: "Change attributes",
    Scope.ADMIN_DESK: "Change the desk settings",
    Scope.ADMIN_GROUPS: "Change groups",
    Scope.ADMIN_LABELS: "Change labels",
    Scope.ADMIN_MACROS: "Change macros",
    Scope.ADMIN_MESSAGING_ACTIONS: "Change messaging actions",
    Scope.ADMIN_OUTAGES: "Change outages, and text those who reported them",
    Scope.ADMIN_PROFILES: "Change messaging profiles",
    Scope.ADMIN_PROVIDER_NUMBERS: "Change company numbers",
    Scope.ADMIN_QUEUES: "Change queues",
    Scope.ADMIN_TEMPLATES: "Change templates",
    Scope.ADMIN_TEXTS: "Change system messages",
    Scope.ADMIN_USERS: "Change users",
    Scope.ADMIN_WEBHOOKS: "Change webhooks, which send events to other systems",
}


class TokenState(StrEnum):
    """Whether a token can be used."""

    ACTIVE = "active"
    EXPIRED = "expired"
    REVOKED = "revoked"


def state(expires_at: datetime, revoked_at: datetime | None, now: datetime) -> TokenState:
    """The state of a token now."""
    if revoked_at is not None:
        return TokenState.REVOKED
    return TokenState.EXPIRED if now >= expires_at else TokenState.ACTIVE


def expiry(now: datetime, days: int) -> datetime:
    """When a token made now expires."""
    return now + timedelta(days=days)
