"""Service tokens: what a program may do over the API, for how long and how often.

A token has scopes. ``web/api/token_scopes.py`` names the scope of each call. Calls without a scope
are for people only.
"""

from datetime import datetime, timedelta
from enum import StrEnum

from handoff_service.rules.shared.phrases import phrase

PREFIX = "pbt_"  #: the beginning of each token, by which secret scanners recognize tokens
NAME = "Service token {name}"  #: how histories name a token
MOST_DAYS = 366
USUAL_DAYS = 90
MOST_RATE = 6000  # requests a minute
USUAL_RATE = 300


class Scope(StrEnum):
    """The permissions of a token."""

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


#: Each scope in words.
MEANING = {
    Scope.READ: phrase("Read conversations, records and reports, and follow the event stream"),
    Scope.TEXTS: phrase("Send and schedule texts, start conversations, write private notes"),
    Scope.CONVERSATIONS: phrase(
        "Change, close, label, transfer, assign and hand back conversations"
    ),
    Scope.CASES: phrase("Open and change cases"),
    Scope.CONSENTS: phrase("Record opt-outs and opt-ins"),
    Scope.AUDIT: phrase("Read the audit log"),
    Scope.ADMIN_AGENTS: phrase(
        "Create, change and delete agents, including their roles and passwords"
    ),
    Scope.ADMIN_ATTRIBUTES: phrase("Create, change and delete attributes"),
    Scope.ADMIN_DESK: phrase("Change the desk settings"),
    Scope.ADMIN_GROUPS: phrase("Create, change and delete groups"),
    Scope.ADMIN_LABELS: phrase("Create, change and delete labels"),
    Scope.ADMIN_MACROS: phrase("Create, change and delete macros"),
    Scope.ADMIN_MESSAGING_ACTIONS: phrase("Create, change and delete messaging actions"),
    Scope.ADMIN_OUTAGES: phrase(
        "Create, change and delete outages, and text people who reported them"
    ),
    Scope.ADMIN_PROFILES: phrase("Change and deactivate messaging profiles"),
    Scope.ADMIN_PROVIDER_NUMBERS: phrase("Create, change and delete company numbers"),
    Scope.ADMIN_QUEUES: phrase("Create, change and delete queues"),
    Scope.ADMIN_TEMPLATES: phrase("Create, change and delete templates"),
    Scope.ADMIN_TEXTS: phrase("Change system messages"),
    Scope.ADMIN_USERS: phrase("Create, change and delete users"),
    Scope.ADMIN_WEBHOOKS: phrase(
        "Create, change and delete webhooks, which send events to other systems"
    ),
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
