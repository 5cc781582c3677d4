"""Computes how much time running targets have left, in minutes of opening hours."""

from collections.abc import Collection
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, select

from handoff_service.lib.opening_hours import Schedule
from handoff_service.store.engine import tables as t
from handoff_service.store.engine.one_of import one_of
from handoff_service.store.routing import queue_hours

r, i = t.running_targets, t.interactions
_ALWAYS = Schedule(None, "UTC")
_QUERY = (
    select(*r.c["interaction_id", "kind", "due_at", "left_seconds"], i.c.queue_id)
    .join(i, i.c.id == r.c.interaction_id)
    .where(one_of(r.c.interaction_id, "ids"))
)


def minutes_left(
    conn: Connection, ids: Collection[int], now: datetime
) -> dict[int, dict[str, float]]:
    """Return the minutes that each conversation's targets have left, by the field in conditions,
    such as ``first_response_left``. Missed targets are below 0. Targets that are never due are left
    out."""
    rows = conn.execute(_QUERY, {"ids": list(ids)}).all()
    hours = queue_hours.of_queues(conn, {row.queue_id for row in rows if row.queue_id})
    found: dict[int, dict[str, float]] = {}
    for row in rows:
        left = _left(row, hours.get(row.queue_id, _ALWAYS), now)
        if left is not None:
            found.setdefault(row.interaction_id, {})[f"{row.kind}_left"] = left / 60
    return found


def _left(row: Any, hours: Schedule, now: datetime) -> float | None:
    if row.due_at is None:
        return None if row.left_seconds is None else float(row.left_seconds)
    if now <= row.due_at:
        return hours.open_between(now, row.due_at).total_seconds()
    return -hours.open_between(row.due_at, now).total_seconds()
