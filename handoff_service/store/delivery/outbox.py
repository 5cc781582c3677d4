"""Messages in the outbox that the provider does not accept."""

import sqlalchemy as sa
from sqlalchemy import Connection, func, select

from handoff_service.rules.shared.vocabulary import Status, Work
from handoff_service.store.engine import tables as t
from handoff_service.store.engine.database import send_errors
from handoff_service.store.views.supervision import NotTaken

_behind = t.due_work.alias("behind")
_is_send = t.due_work.c.kind == Work.DELIVER
# The CASE is necessary, because keys of other kinds are not numbers and a database may evaluate
# conditions in any order.
_message_id = sa.case((_is_send, sa.cast(t.due_work.c.key, sa.BigInteger)))
_NOT_TAKEN = (
    select(
        t.messages.c.error_code,
        func.min(t.messages.c.created_at).label("since"),
        func.count(_behind.c.id).label("texts"),
    )
    .select_from(t.due_work)
    .join(t.messages, t.messages.c.id == _message_id)
    .join(_behind, (_behind.c.kind == t.due_work.c.kind) & (_behind.c.line == t.due_work.c.line))
    .where(_is_send, t.messages.c.status == Status.QUEUED, t.messages.c.error_code.is_not(None))
    .group_by(t.messages.c.error_code)
    .order_by(t.messages.c.error_code)
)


def not_taken(conn: Connection) -> list[NotTaken]:
    """Return one entry for each error code of texts that the service retries until the provider
    accepts them. The number of texts includes those that wait behind them on their lines. A queued
    text has an error code only if it is retried in this way."""
    errors = send_errors(conn)
    return [
        NotTaken(
            code=r.error_code,
            meaning=errors.explain(r.error_code).meaning,
            advice=errors.explain(r.error_code).advice,
            since=r.since,
            texts=r.texts,
        )
        for r in conn.execute(_NOT_TAKEN)
    ]
