"""Cases, outages, and calls to the company's own system."""

from dataclasses import dataclass
from datetime import datetime

from handoff_service.rules.shared.vocabulary import CallState, CaseEvent, CaseKind, CaseState
from handoff_service.store.views.conversations import Changed, WrittenBy
from handoff_service.store.views.people import Named


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseChange:
    """An entry of a case's history; the first is its opening. ``changes``: by field; ``note``: why,
    for agents."""

    version: int
    by: WrittenBy
    changes: dict[str, Changed]
    note: str | None
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """What was reported, wanted or locked, kept beyond the conversation. ``user``: whose it is,
    null: a guest's; ``interaction``: in which it was opened; ``external_number``: what the
    company's own ticket system calls it; ``priority``: 1 first, 5 last; ``version`` grows with each
    change; ``history``: oldest first."""

    id: int
    number: str
    kind: CaseKind
    state: CaseState
    priority: int
    description: str
    device: str | None
    impact: str | None
    user: Named | None
    interaction: Named | None
    external_number: str | None
    version: int
    created_at: datetime
    changed_at: datetime
    history: list[CaseChange]

    @property
    def opened_by(self) -> WrittenBy:
        """Who opened it."""
        return self.history[0].by


@dataclass(frozen=True, slots=True, kw_only=True)
class Outage:
    """What requesters are told is down. ``current``: they are told so now; ``until`` null: nobody
    knows yet."""

    id: int
    title: str
    text: str
    since: datetime
    until: datetime | None
    active: bool
    current: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class WebhookCall:
    """One event told to the outgoing webhook's address. ``status``: what the last attempt was
    answered with; ``why``: what was wrong with it; ``next_at``: when it is tried again."""

    id: int
    event_id: str
    type: CaseEvent
    case: Named
    state: CallState
    attempts: int
    status: int | None
    why: str | None
    created_at: datetime
    tried_at: datetime | None
    next_at: datetime | None
