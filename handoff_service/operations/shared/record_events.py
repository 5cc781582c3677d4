"""Write events for the subscribed webhooks in the transaction that causes the events.

Each event is one row and one piece of due work per webhook, so nothing is lost when the process
dies. If no active webhook subscribes to an event, nothing is written, and the transaction makes
only one small query.
"""

import secrets
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from pydantic import TypeAdapter
from pydantic_core import to_json
from sqlalchemy import insert

from handoff_service.rules.shared.vocabulary import CallState, WebhookEvent, Work
from handoff_service.rules.webhooks.events import VERSION
from handoff_service.rules.webhooks.payloads import without_private
from handoff_service.store.engine import due_work
from handoff_service.store.engine import tables as t
from handoff_service.store.engine.transaction import Transaction
from handoff_service.store.webhooks import webhooks
from handoff_service.store.webhooks.webhooks import SubscribedWebhook

k = t.webhook_calls
_ANY: TypeAdapter[Any] = TypeAdapter(Any)


@dataclass(frozen=True, slots=True, kw_only=True)
class NewEvent:
    """``subject``: the record that the event is about, such as conversation:12. Each webhook gets
    the events about one subject in order. ``data``: a dataclass of ``rules/webhooks/payloads.py``,
    or a case. An erasure of the conversation ``interaction_id`` or of the case ``case_id`` also
    erases the event.
    """

    type: WebhookEvent
    subject: str
    data: Any
    interaction_id: int | None = None
    case_id: int | None = None


def is_wanted(tx: Transaction, types: Collection[WebhookEvent]) -> bool:
    """Whether an active webhook subscribes to any of these types."""
    return any(not hook.events.isdisjoint(types) for hook in tx.once(webhooks.subscribed))


def record_events(tx: Transaction, events: Iterable[NewEvent]) -> None:
    """Write these events, in this order, for every webhook that subscribes to them."""
    hooks = tx.once(webhooks.subscribed)
    rows = [
        _row(tx, event, hook, event_id)
        for event in events
        for event_id in [new_event_id()]
        for hook in hooks
        if event.type in hook.events
    ]
    if rows:
        put_calls(tx, rows)


def put_calls(tx: Transaction, rows: list[dict[str, Any]]) -> list[int]:
    """Store these calls and the work that makes them. Returns their ids, in order."""
    made = insert(k).returning(k.c.id, sort_by_parameter_order=True)
    ids = list(tx.conn.execute(made, rows).scalars())
    work = [
        due_work.Due(
            kind=Work.CALL_WEBHOOK,
            key=str(call_id),
            line=line(row["webhook_id"], row["subject"]),
            due_at=tx.now,
        )
        for call_id, row in zip(ids, rows, strict=True)
    ]
    due_work.schedule(tx, work)
    return ids


def call_row(
    tx: Transaction, webhook_id: int, event: NewEvent, event_id: str, *, with_texts: bool
) -> dict[str, Any]:
    """The row of one webhook call."""
    return {
        "webhook_id": webhook_id,
        "event_id": event_id,
        "type": event.type,
        "subject": event.subject,
        "interaction_id": event.interaction_id,
        "case_id": event.case_id,
        "body": body(event, tx.now, with_texts=with_texts),
        "state": CallState.WAITING,
        "created_at": tx.now,
        "since": tx.now,
    }


def body(event: NewEvent, at: datetime, *, with_texts: bool) -> str:
    """The JSON text of the call. Its fields are those of Standard Webhooks plus ``version``.
    ``with_texts``: whether the call contains people's texts."""
    data = _ANY.dump_python(event.data, mode="json")
    content = {
        "type": event.type,
        "version": VERSION,
        "timestamp": at,
        "data": data if with_texts else without_private(data),
    }
    return to_json(content).decode()


def new_event_id() -> str:
    """A random id. A counter could repeat ids after a backup is restored."""
    return f"evt_{secrets.token_hex(12)}"


def line(webhook_id: int, subject: str) -> str:
    """The line of due work that keeps calls about one subject in order."""
    return f"webhook:{webhook_id}:{subject}"


def _row(
    tx: Transaction, event: NewEvent, hook: SubscribedWebhook, event_id: str
) -> dict[str, Any]:
    return call_row(tx, hook.id, event, event_id, with_texts=hook.with_texts)
