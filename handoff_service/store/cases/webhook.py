"""The outgoing webhook: its address and the results of its calls."""

from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy import Connection, func, select

from handoff_service.rules.cases.cases import number
from handoff_service.rules.shared.vocabulary import CallState, CaseEvent, Work
from handoff_service.store.engine import due_work
from handoff_service.store.engine import tables as t
from handoff_service.store.engine.transaction import OperationSettings
from handoff_service.store.views import Named, WebhookCall

w, k = t.case_webhook, t.webhook_calls


@dataclass(frozen=True, slots=True, kw_only=True)
class WebhookTarget:
    """``url`` None: no events are sent. ``sealed``: the secret that signs the calls, as it is
    stored."""

    url: str | None
    sealed: str


def webhook(conn: Connection) -> WebhookTarget | None:
    """None until an address is first set."""
    row = conn.execute(select(w.c.url, w.c.secret)).one_or_none()
    return WebhookTarget(url=row.url, sealed=row.secret) if row is not None else None


def secret_of(settings: OperationSettings, target: WebhookTarget) -> str:
    """The secret that signs the calls. CannotOpen when its key is not set."""
    return settings.sealer.open(w.c.secret, target.sealed)


def address(conn: Connection) -> str | None:
    """The address for events. None: events are not sent."""
    return conn.execute(select(w.c.url)).scalar()


def calls(conn: Connection, limit: int) -> list[WebhookCall]:
    """The newest calls, newest first."""
    d = t.due_work
    query = (
        select(k, d.c.due_at)
        .outerjoin(d, (d.c.kind == Work.CALL_WEBHOOK) & (d.c.key == sa.cast(k.c.id, d.c.key.type)))
        .order_by(k.c.id.desc())
        .limit(limit)
    )
    return [
        WebhookCall(
            id=r.id,
            event_id=r.event_id,
            type=CaseEvent(r.type),
            case=Named(id=r.case_id, name=number(r.case_id)),
            state=CallState(r.state),
            attempts=r.attempts,
            status=r.status,
            why=r.why,
            created_at=r.created_at,
            tried_at=r.tried_at,
            next_at=None if r.due_at == due_work.HELD else r.due_at,
        )
        for r in conn.execute(query)
    ]


def given_up(conn: Connection) -> int:
    """How many stored events could not be delivered."""
    return conn.execute(select(func.count()).where(k.c.state == CallState.GIVEN_UP)).scalar_one()
