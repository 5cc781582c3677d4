"""Finds the newest conversation on each line."""

from collections.abc import Collection, Iterable
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection, select

from handoff_service.store.engine import tables as t
from handoff_service.store.engine.one_of import one_of

i = t.interactions


def newest_on_lines(
    conn: Connection, lines: Collection[tuple[str, int]]
) -> dict[tuple[str, int], sa.Row[Any]]:
    """Return the open conversation, or else the newest closed one, of each line, by (requester
    number, provider number id). The result may also have other lines of the same requesters."""
    query = (
        select(*i.c["id", "requester_number", "provider_number_id", "user_id"], t.users.c.name)
        .outerjoin(t.users, t.users.c.id == i.c.user_id)
        .where(one_of(i.c.requester_number, {number for number, _ in lines}))
        .order_by(i.c.closed_at.is_(None), i.c.opened_at, i.c.id)
    )
    found: Iterable[Any] = conn.execute(query) if lines else ()
    return {(row.requester_number, row.provider_number_id): row for row in found}
