"""Cases, outages, and calls of the outgoing webhook."""

from dataclasses import dataclass
from datetime import datetime

from handoff_service.rules.shared.vocabulary import CallState, CaseEvent, CaseKind, CaseState
from handoff_service.store.views.conversations import Changed, WrittenBy
from handoff_service.store.views.people import Named


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseChange:
    """An entry of a case's history; the first entry is its opening.

    - ``changes``: the changed fields;
    - ``note``: the reason, for agents.
    """

    version: int
    by: WrittenBy
    changes: dict[str, Changed]
    note: str | None
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """A reported problem, a request or a locked account, which outlives the conversation.

    - ``user``: the user whom the case concerns; null for a guest;
    - ``interaction``: the interaction in which it was opened;
    - ``external_number``: its number in the company's own ticket system;
    - ``priority``: 1 is the highest, 5 the lowest;
    - ``version``: grows with each change;
    - ``history``: oldest first.
    """

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
        """The person or program that opened the case."""
        return self.history[0].by


@dataclass(frozen=True, slots=True, kw_only=True)
class Outage:
    """An outage that the virtual agent announces. ``current``: it is announced now; ``until`` null:
    the end is unknown."""

    id: int
    title: str
    text: str
    since: datetime
    until: datetime | None
    active: bool
    current: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class WebhookCall:
    """One event that is sent to the outgoing webhook.

    - ``status``: the HTTP status of the last attempt;
    - ``why``: why that attempt failed;
    - ``next_at``: the time of the next attempt.
    """

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
