"""Counts the virtual agent's open conversations in which a form is running."""

from sqlalchemy import Connection, func, select

from handoff_service.rules.shared.vocabulary import Owner
from handoff_service.store.engine import tables as t

b, i = t.bot_turns, t.interactions


def count(conn: Connection) -> dict[tuple[str, str], int]:
    """(form, slot that it asks for) -> the number of open conversations. The latest turn of a
    conversation decides."""
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
