"""The desk's provider numbers, and the numbers that cannot be texted."""

from collections.abc import Iterable

import sqlalchemy as sa
from sqlalchemy import Connection, select

from handoff_service.rules.delivery import senders
from handoff_service.rules.shared.vocabulary import FirstResponder
from handoff_service.store.engine import tables as t
from handoff_service.store.views import Named, ProviderNumber

_OWN = select(t.provider_numbers.c.id).where(t.provider_numbers.c.number == sa.bindparam("number"))


def why_unanswerable(conn: Connection, number: str) -> str | None:
    """Return why this number cannot be texted: it is a name, withheld or one of the desk's own.
    None if it can be texted.
    """
    return senders.why_unanswerable(
        number, is_own=conn.execute(_OWN, {"number": number}).first() is not None
    )


def answerable(conn: Connection, numbers: Iterable[str]) -> set[str]:
    """Return the members of ``numbers`` that can be texted."""
    own = set(conn.execute(select(t.provider_numbers.c.number)).scalars())
    return {n for n in numbers if senders.why_unanswerable(n, is_own=n in own) is None}


def list_provider_numbers(conn: Connection) -> list[ProviderNumber]:
    """Return the provider numbers, sorted by id."""
    p, q = t.provider_numbers, t.queues
    rows = conn.execute(
        select(p, q.c.name.label("queue_name")).join(q, q.c.id == p.c.queue_id).order_by(p.c.id)
    )
    return [
        ProviderNumber(
            id=r.id,
            number=r.number,
            label=r.label,
            first_responder=FirstResponder(r.first_responder),
            queue=Named(id=r.queue_id, name=r.queue_name),
            segments_per_second=r.segments_per_second,
            messaging_service=r.messaging_service,
        )
        for r in rows
    ]
