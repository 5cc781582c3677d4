"""Conversations and their messages."""

from dataclasses import dataclass
from datetime import datetime

from handoff_service.rules.consent.consent_keywords import REQUESTERS_OWN, Source
from handoff_service.rules.conversations.brief import Exchange
from handoff_service.rules.conversations.quotes import Quote
from handoff_service.rules.shared.vocabulary import Owner, State
from handoff_service.store.views.desk import Label
from handoff_service.store.views.people import Agent, Identity, Named, User
from handoff_service.store.views.targets import RunningTarget


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnedBy:
    """The owner of an interaction, who replies next. ``id`` and ``name``: those of the agent or
    queue. A closed interaction has no owner. An interaction whose sender cannot get replies has
    none either, unless it went to a queue."""

    kind: Owner
    id: int | None
    name: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class OptedOut:
    """An opt-out, which blocks texts to a requester. ``why``: its cause, when it began, and what
    would end it, in words."""

    since: datetime
    source: Source
    why: str

    @property
    def is_the_requesters(self) -> bool:
        """Return whether only the requester can end the opt-out."""
        return self.source in REQUESTERS_OWN


@dataclass(frozen=True, slots=True, kw_only=True)
class Interaction:
    """A conversation between a requester number and a company number.

    - ``hold_until``: when the hold ends automatically; null: it lasts until the requester texts or
      an agent changes the state, or the conversation is not on hold;
    - ``topic``: the label that the agent chose when they closed the conversation;
    - ``attributes``: its attributes by key, as text; dates have the form 2026-01-31, and yes-or-no
      values are ``yes`` or ``no``;
    - ``targets``: its running targets, first due first;
    - ``unread``: the number of the requester's messages that the calling agent has not read;
    - ``opted_out``: the opt-out that blocks texts; null if the requester has not opted out;
    - ``unanswerable``: why the sender cannot be texted: it is a name, withheld, or one of the
      company's own numbers; null if it can be texted.
    """

    id: int
    number: str
    state: State
    state_reason: str | None
    hold_until: datetime | None
    short_description: str | None
    requester_number: str
    provider_number: str
    provider_label: str
    profile_id: int
    user: Named | None
    guest: bool
    candidates: list[User]
    identity: Identity
    opted_out: OptedOut | None
    unanswerable: str | None
    owner: OwnedBy
    epoch: int
    assigned_to: Agent | None
    live_group: list[Agent]
    queue: Named | None
    labels: list[Label]
    topic: Label | None
    attributes: dict[str, str]
    priority: int
    targets: list[RunningTarget]
    unread: int
    opened_at: datetime
    closed_at: datetime | None
    last_message_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class ConversationBrief:
    """The brief for an agent who accepts a conversation or returns to it. It quotes the original
    words. ``seq``: the position of a quote in the conversation. Lists are short, and sorted oldest
    first.

    - ``read_seq``: the calling agent's read position; null if they are not in the live group;
    - ``problem``: the requester's text that describes the problem;
    - ``asked``: the virtual agent's questions with the answers;
    - ``tried``: what anybody has tried or done;
    - ``promised``: what agents and the virtual agent have promised;
    - ``identity_checks``: the identity checks and their results;
    - ``new``: the newest messages since the calling agent last read; ``new_count``: the number of
      all these messages.
    """

    interaction_id: int
    user: Named | None
    requester_number: str
    identity: Identity
    read_seq: int | None
    problem: Quote | None
    asked: list[Exchange]
    tried: list[Quote]
    promised: list[Quote]
    identity_checks: list[Quote]
    new: list[Quote]
    new_count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Mention:
    """A private note that mentions the calling agent. ``seq``: its position in the conversation."""

    id: int
    interaction_id: int
    seq: int
    user: Named | None
    requester_number: str
    by: Named
    body: str
    created_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Changed:
    """A changed field of a case."""

    before: str | int | None
    after: str | int | None
