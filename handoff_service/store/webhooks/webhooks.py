"""Webhooks, and the calls that send events to them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection, func, select

from handoff_service.errors import NotFound
from handoff_service.rules.shared.phrases import phrase
from handoff_service.rules.shared.vocabulary import CallState, WebhookEvent, Work
from handoff_service.store.engine import due_work
from handoff_service.store.engine import tables as t
from handoff_service.store.views import Named, Webhook, WebhookCall, WebhookCallWithBody

w, k = t.webhooks, t.webhook_calls


@dataclass(frozen=True, slots=True, kw_only=True)
class SubscribedWebhook:
    """An active webhook, with the fields that select its events."""

    id: int
    events: frozenset[str]
    with_texts: bool


def subscribed(conn: Connection) -> Sequence[SubscribedWebhook]:
    """Return the active webhooks. If there is none, operations write no events."""
    rows = conn.execute(_ACTIVE)
    return [
        SubscribedWebhook(id=r.id, events=frozenset(r.events), with_texts=r.with_texts)
        for r in rows
    ]


_ACTIVE = select(*w.c["id", "events", "with_texts"]).where(w.c.active).order_by(w.c.id)
_COUNTS = {
    state: select(func.count())
    .where(k.c.webhook_id == w.c.id, k.c.state == state)
    .scalar_subquery()
    for state in (CallState.WAITING, CallState.GIVEN_UP)
}
_QUERY = select(
    w,
    _COUNTS[CallState.WAITING].label("waiting"),
    _COUNTS[CallState.GIVEN_UP].label("given_up"),
).order_by(func.lower(w.c.name), w.c.id)


def list_(conn: Connection) -> list[Webhook]:
    """Return all webhooks, sorted by name."""
    return [_webhook(row) for row in conn.execute(_QUERY)]


def get(conn: Connection, webhook_id: int) -> Webhook:
    """Return this webhook. Raises NotFound for an unknown id."""
    row = conn.execute(_QUERY.where(w.c.id == webhook_id)).one_or_none()
    if row is None:
        raise NotFound(phrase("There is no webhook {id}.", id=webhook_id))
    return _webhook(row)


def secret(conn: Connection, webhook_id: int) -> str | None:
    """Return the sealed secret, for the change history; None for an unknown id."""
    return conn.execute(select(w.c.secret).where(w.c.id == webhook_id)).scalar()


def switched_off(conn: Connection) -> list[Webhook]:
    """Return the webhooks that Patchboard has switched off because their calls had failed for
    days."""
    return [one for one in list_(conn) if one.switched_off_at is not None and not one.active]


def calls(
    conn: Connection,
    webhook_id: int,
    *,
    before: int | None = None,
    state: CallState | None = None,
    most: int,
) -> list[WebhookCall]:
    """Return the calls of a webhook, newest first. ``before``: the last id of the previous page."""
    query = _CALLS.where(k.c.webhook_id == webhook_id).order_by(k.c.id.desc()).limit(most)
    if before is not None:
        query = query.where(k.c.id < before)
    if state is not None:
        query = query.where(k.c.state == state)
    return [WebhookCall(**_call(row)) for row in conn.execute(query)]


def call(conn: Connection, webhook_id: int, call_id: int) -> WebhookCallWithBody:
    """Return this call with its body. Raises NotFound for an unknown id."""
    here = (k.c.webhook_id == webhook_id, k.c.id == call_id)
    row = conn.execute(_CALLS.where(*here).add_columns(k.c.body)).one_or_none()
    if row is None:
        raise NotFound(NO_CALL)
    return WebhookCallWithBody(**_call(row), body=row.body)


NO_CALL = phrase("This event is no longer stored. Events are kept for 30 days.")
_d = t.due_work
_CALLS = (
    select(
        *[column for column in k.c if column.name not in ("body", "since")],
        w.c.name,
        _d.c.due_at,
    )
    .join(w, w.c.id == k.c.webhook_id)
    .outerjoin(_d, (_d.c.kind == Work.CALL_WEBHOOK) & (_d.c.key == sa.cast(k.c.id, _d.c.key.type)))
)


def oldest_waiting(conn: Connection) -> dict[str, datetime]:
    """Return the time of each webhook's oldest waiting event, by the webhook's name."""
    first = func.min(k.c.created_at, type_=k.c.created_at.type)
    query = select(w.c.name, first).join(k, k.c.webhook_id == w.c.id).group_by(w.c.name)
    rows = conn.execute(query.where(k.c.state == CallState.WAITING))
    return {row[0]: row[1] for row in rows}


def _webhook(row: Any) -> Webhook:
    names = Webhook.__dataclass_fields__.keys() - {"events"}
    return Webhook(
        **{name: getattr(row, name) for name in names},
        events=[WebhookEvent(one) for one in row.events],
    )


def _call(row: Any) -> dict[str, Any]:
    return {
        "id": row.id,
        "webhook": Named(id=row.webhook_id, name=row.name),
        "event_id": row.event_id,
        "type": WebhookEvent(row.type),
        "subject": row.subject,
        "state": CallState(row.state),
        "attempts": row.attempts,
        "status": row.status,
        "why": row.why,
        "answer": row.answer,
        "created_at": row.created_at,
        "tried_at": row.tried_at,
        "next_at": None if row.due_at == due_work.HELD else row.due_at,
    }
