"""Write an entry into a case's history. After the commit, open pages get a hint and the outgoing
webhook gets an event."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from pydantic import TypeAdapter
from sqlalchemy import insert, select

from handoff_service.operations.shared.conversation_hints import notify
from handoff_service.rules.shared.vocabulary import Author, CallState, CaseEvent, Work
from handoff_service.store.cases import cases, webhook
from handoff_service.store.engine import due_work
from handoff_service.store.engine import tables as t
from handoff_service.store.engine.transaction import Transaction
from handoff_service.store.views import Case, CaseChange

type Changes = Mapping[str, tuple[str | int | None, str | int | None]]


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseHistoryEntry:
    """``changes``: field -> before and after; empty for the opening and for a note alone."""

    case_id: int
    version: int
    author: Author
    agent_id: int | None = None
    changes: Changes
    note: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Requester:
    """The case's requester, as other systems identify people. ``number``: the phone that texted
    about it."""

    user_id: int | None
    external_id: str | None
    name: str | None
    email: str | None
    number: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseEntry:
    """An event's content: the case after the change (without its history), the change and the
    requester."""

    case: Case
    change: CaseChange
    requester: Requester


@dataclass(frozen=True, slots=True, kw_only=True)
class WebhookEvent:
    """The body of a call. Its fields are those of Standard Webhooks."""

    type: CaseEvent
    timestamp: datetime
    data: CaseEntry


_EVENT = TypeAdapter(WebhookEvent)


def record(tx: Transaction, entry: CaseHistoryEntry) -> None:
    """Add an entry to the history of a case that has just been written and is locked or new."""
    changes = {name: list(pair) for name, pair in entry.changes.items()}
    tx.conn.execute(
        insert(t.case_changes).values(
            case_id=entry.case_id,
            version=entry.version,
            author=entry.author,
            agent_id=entry.agent_id,
            changes=changes,
            note=entry.note,
            at=tx.now,
        )
    )
    case = cases.get(tx.conn, entry.case_id)
    _publish_change(tx, case)
    if webhook.address(tx.conn) is not None:
        _schedule_webhook(tx, case)


def _publish_change(tx: Transaction, case: Case) -> None:
    """Notify pages that show the case beside an active conversation."""
    i = t.interactions
    where = i.c.id == (case.interaction.id if case.interaction else None)
    if case.user is not None:
        where |= i.c.user_id == case.user.id
    notify(
        tx, tx.conn.execute(select(i.c.id).where(i.c.closed_at.is_(None), where)).scalars().all()
    )


def _schedule_webhook(tx: Transaction, case: Case) -> None:
    """Queue one call after earlier calls about the same case. Its id is unique, even after a backup
    is restored."""
    kind = CaseEvent.CREATED if case.version == 1 else CaseEvent.CHANGED
    entry = CaseEntry(
        case=replace(case, history=[]), change=case.history[-1], requester=_requester(tx, case)
    )
    body = _EVENT.dump_json(
        WebhookEvent(type=kind, timestamp=tx.now, data=entry),
        exclude={"data": {"case": {"history"}}},
    )
    made = insert(t.webhook_calls).values(
        event_id=f"evt_{case.id}_{case.version}_{int(tx.now.timestamp() * 1000)}",
        type=kind,
        case_id=case.id,
        body=body.decode(),
        state=CallState.WAITING,
        created_at=tx.now,
        since=tx.now,
    )
    call_id = tx.conn.execute(made.returning(t.webhook_calls.c.id)).scalar_one()
    due_work.schedule(
        tx,
        [due_work.Due(kind=Work.CALL_WEBHOOK, key=str(call_id), line=line(case.id), due_at=tx.now)],
    )


def line(case_id: int) -> str:
    """The line of due work that keeps calls about one case in order."""
    return f"case:{case_id}"


def _requester(tx: Transaction, case: Case) -> Requester:
    u, i = t.users, t.interactions
    user = tx.conn.execute(
        select(u).where(u.c.id == (case.user.id if case.user else None))
    ).one_or_none()
    within = case.interaction.id if case.interaction else None
    number = tx.conn.execute(select(i.c.requester_number).where(i.c.id == within)).scalar()
    return Requester(
        user_id=user.id if user else None,
        external_id=user.external_id if user else None,
        name=user.name if user else None,
        email=user.email if user else None,
        number=number,
    )
