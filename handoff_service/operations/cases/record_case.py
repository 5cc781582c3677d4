"""Add an entry to a case's history, send a hint to open pages, and record the webhook event."""

from collections.abc import Mapping
from dataclasses import dataclass

from pydantic import TypeAdapter
from sqlalchemy import insert, select

from handoff_service.operations.shared.conversation_hints import notify
from handoff_service.operations.shared.record_events import NewEvent, is_wanted, record_events
from handoff_service.rules.shared.vocabulary import Author, WebhookEvent
from handoff_service.store.cases import cases
from handoff_service.store.engine import tables as t
from handoff_service.store.engine.transaction import Transaction
from handoff_service.store.views import Case, CaseChange

type Changes = Mapping[str, tuple[str | int | None, str | int | None]]


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseHistoryEntry:
    """``changes``: field -> its values before and after. It is empty when the case is opened and
    when only a note is added."""

    case_id: int
    version: int
    author: Author
    agent_id: int | None = None
    changes: Changes
    note: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Requester:
    """The case's requester, with the keys by which other systems identify people. ``number``: the
    phone number from which the requester texted about the case.
    """

    user_id: int | None
    external_id: str | None
    name: str | None
    email: str | None
    number: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseEntry:
    """The content of a webhook event: the case after the change (without its history), the change
    and the requester."""

    case: Case
    change: CaseChange
    requester: Requester


def record(tx: Transaction, entry: CaseHistoryEntry) -> None:
    """Add an entry to a case's history. The caller has just created the case, or has locked and
    changed it."""
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
    _record_event(tx, case)


def _publish_change(tx: Transaction, case: Case) -> None:
    """Send a hint to pages that show the case beside an active conversation."""
    i = t.interactions
    where = i.c.id == (case.interaction.id if case.interaction else None)
    if case.user is not None:
        where |= i.c.user_id == case.user.id
    notify(
        tx, tx.conn.execute(select(i.c.id).where(i.c.closed_at.is_(None), where)).scalars().all()
    )


def _record_event(tx: Transaction, case: Case) -> None:
    kind = WebhookEvent.CASE_CREATED if case.version == 1 else WebhookEvent.CASE_CHANGED
    if is_wanted(tx, {kind}):
        entry = CaseEntry(case=case, change=case.history[-1], requester=_requester(tx, case))
        data = _ENTRY.dump_python(entry, mode="json", exclude={"case": {"history"}})
        event = NewEvent(type=kind, subject=f"case:{case.id}", data=data, case_id=case.id)
        record_events(tx, [event])


_ENTRY = TypeAdapter(CaseEntry)


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
