"""Counts the virtual agent's open conversations with a running form."""

from sqlalchemy import Connection, func, select

from handoff_service.rules.shared.vocabulary import Owner
from handoff_service.store.engine import tables as t

b, i = t.bot_turns, t.interactions


def count(conn: Connection) -> dict[tuple[str, str], int]:
    """Return the number of open conversations by (form, requested slot). Only a conversation's
    latest turn counts."""
    latest = (
        select(func.max(b.c.id))
        .join(i, i.c.id == b.c.interaction_id)
        .where(i.c.closed_at.is_(None), i.c.owner == Owner.VIRTUAL_AGENT)
        .group_by(b.c.interaction_id)
    )
    found: dict[tuple[str, str], int] = {}
    for asked in conn.execute(select(b.c.asked).where(b.c.id.in_(latest))).scalars():
        if asked and asked.get("form"):
            key = (asked["form"], asked.get("slot") or "")
            found[key] = found.get(key, 0) + 1
    return found
