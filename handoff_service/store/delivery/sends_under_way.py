"""Running sends: whether an opt-out now forbids a message, and whether a message is on its way to
the provider."""

import sqlalchemy as sa
from sqlalchemy import Connection, select

from handoff_service.rules.shared.vocabulary import Event, Status, Work
from handoff_service.store.consent import consents
from handoff_service.store.engine import tables as t

_is_send = t.due_work.c.kind == Work.DELIVER
# The CASE is necessary, because keys of other kinds are not numbers and a database may evaluate
# conditions in any order.
_message_id = sa.case((_is_send, sa.cast(t.due_work.c.key, sa.BigInteger)))
_WITHHELD = (
    select(
        consents.blocking_entry(
            t.interactions.c.requester_number, t.interactions.c.provider_number_id
        )
    )
    .select_from(t.messages)
    .join(t.interactions, t.interactions.c.id == t.messages.c.interaction_id)
    .where(
        t.messages.c.id == sa.bindparam("message"),
        t.messages.c.event.is_distinct_from(Event.CONSENT),
    )
)


def is_withheld(conn: Connection, message_id: int) -> bool:
    """Return whether this message must not be sent, because its requester has opted out. The
    confirmation of the opt-out and answers to HELP are always allowed."""
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
    """Return whether a worker is sending a text to this number now. Confirmations of opt-outs and
    answers to HELP do not count."""
    return conn.execute(_LEAVING, {"number": number}).first() is not None
