"""The state of the desk for the metrics. Each scrape reads it."""

from sqlalchemy import Connection, func, select

from handoff_service.metrics import DeskState, WaitingInQueue
from handoff_service.store.delivery import gateway_watch
from handoff_service.store.desk.availability import TAKES_WORK
from handoff_service.store.engine import claiming
from handoff_service.store.engine import tables as t
from handoff_service.store.engine.database import read_at
from handoff_service.store.routing.work_items import WAITS
from handoff_service.store.webhooks import webhooks

q, w, a = t.queues, t.work_items, t.agents
_WAITING = (
    select(q.c.name, func.count(w.c.id), func.min(w.c.created_at, type_=t.UtcTime()))
    .select_from(q)
    .outerjoin(w, (w.c.queue_id == q.c.id) & WAITS)
    .group_by(q.c.id, q.c.name)
    .order_by(q.c.id)
)
_AVAILABLE = select(func.count()).select_from(a).where(a.c.active, a.c.capacity > 0, TAKES_WORK)


def desk_state(conn: Connection) -> DeskState:
    """Return the waiting conversations by queue, the number of available agents, and in seconds:
    how late the oldest due work is, how long the gateway has been unavailable, and how long the
    oldest waiting event of each webhook has waited."""
    now = read_at(conn)
    oldest = claiming.oldest_due(conn, now)
    away = gateway_watch.away(conn)
    return DeskState(
        queues=[
            WaitingInQueue(
                queue=name, count=count, longest=(now - since).total_seconds() if since else 0
            )
            for name, count, since in conn.execute(_WAITING)
        ],
        agents=conn.execute(_AVAILABLE).scalar_one(),
        work_late=(now - oldest).total_seconds() if oldest else 0,
        gateway_away=(now - away.since).total_seconds() if away else 0,
        webhooks={
            name: (now - since).total_seconds()
            for name, since in webhooks.oldest_waiting(conn).items()
        },
    )
