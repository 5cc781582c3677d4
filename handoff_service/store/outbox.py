"""The outbox: what waits because the provider does not take it, and what leaves just now."""

from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy import Connection, func, select

from handoff_service.rules.delivery import meaning
from handoff_service.rules.vocabulary import Event, Status, Work
from handoff_service.store import consents
from handoff_service.store import tables as t

_behind = t.due_work.alias("behind")
_is_send = t.due_work.c.kind == Work.DELIVER
# Keys of other kinds are no numbers, and a database may look at a row's columns in any order.
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


@dataclass(frozen=True, slots=True, kw_only=True)
class NotTaken:
    """Texts that the provider does not take, by its code for it, with those that wait behind them in their lines.
    ``since``: when the oldest was written."""

    code: int
    meaning: str
    advice: str
    since: datetime
    texts: int


def not_taken(conn: Connection) -> list[NotTaken]:
    """Of what is tried again until the provider takes it: only that carries a code while it is queued."""
    return [
        NotTaken(
            code=r.error_code,
            meaning=meaning(r.error_code).meaning,
            advice=meaning(r.error_code).advice,
            since=r.since,
            texts=r.texts,
        )
        for r in conn.execute(_NOT_TAKEN)
    ]


_WITHHELD = (
    select(consents.stands(t.interactions.c.requester_number, t.interactions.c.provider_number_id))
    .select_from(t.messages)
    .join(t.interactions, t.interactions.c.id == t.messages.c.interaction_id)
    .where(
        t.messages.c.id == sa.bindparam("message"),
        t.messages.c.event.is_distinct_from(Event.CONSENT),
    )
)


def is_withheld(conn: Connection, message_id: int) -> bool:
    """Whether this message may not be sent, because its requester has opted out. What answers an opt-out may."""
    return conn.execute(_WITHHELD, {"message": message_id}).scalar() is not None


_LEAVING = (
    select(t.messages.c.id)
    .select_from(t.due_work)
    .join(t.messages, t.messages.c.id == _message_id)
    .join(t.interactions, t.interactions.c.id == t.messages.c.interaction_id)
    .where(
        _is_send,
        t.due_work.c.lease_until.is_not(None),
        t.interactions.c.requester_number == sa.bindparam("number"),
        t.messages.c.status == Status.SENDING,
        t.messages.c.event.is_distinct_from(Event.CONSENT),
    )
    .limit(1)
)


def is_leaving(conn: Connection, number: str) -> bool:
    """Whether a text to this number is marked as sending and the provider has not answered for it yet."""
    return conn.execute(_LEAVING, {"number": number}).first() is not None
