"""Queues' opening hours, for code that counts time in opening hours."""

from collections.abc import Collection

from sqlalchemy import Connection, func, select, true

from handoff_service.lib.opening_hours import Schedule
from handoff_service.store.engine import tables as t
from handoff_service.store.engine.one_of import one_of

_SCHEDULES = (
    select(
        t.queues.c.id,
        t.queues.c.schedule,
        func.coalesce(t.queues.c.time_zone, t.desk.c.time_zone, "UTC").label("time_zone"),
        func.coalesce(t.queues.c.country, t.desk.c.country).label("country"),
    )
    .select_from(t.queues.outerjoin(t.desk, true()))
    .where(one_of(t.queues.c.id, "ids"))
)


def of_queues(conn: Connection, ids: Collection[int]) -> dict[int, Schedule]:
    """Return the schedule of each queue. Without ids, this runs no query."""
    rows = conn.execute(_SCHEDULES, {"ids": list(ids)}) if ids else ()
    return {r.id: Schedule(r.schedule, r.time_zone, r.country) for r in rows}


def of_line(conn: Connection, interaction_id: int) -> Schedule:
    """Return the opening hours of the queue of this conversation's provider number."""
    i, p = t.interactions, t.provider_numbers
    query = (
        select(p.c.queue_id)
        .join(i, i.c.provider_number_id == p.c.id)
        .where(i.c.id == interaction_id)
    )
    queue_id = conn.execute(query).scalar_one()
    return of_queues(conn, [queue_id])[queue_id]
