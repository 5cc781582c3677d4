"""The wait alarm: alert supervisors once when a conversation waits too long in its queue."""

from collections.abc import Iterable
from datetime import datetime, timedelta

from sqlalchemy import select, update

from handoff_service.operations.routing.alert_supervisors import alert_supervisors
from handoff_service.rules.shared import durations
from handoff_service.rules.shared.vocabulary import Event
from handoff_service.store.conversations import interactions
from handoff_service.store.engine import tables as t
from handoff_service.store.engine.one_of import one_of
from handoff_service.store.engine.transaction import Transaction
from handoff_service.store.routing.candidates import WorkQueue
from handoff_service.store.routing.work_items import WAITS


def alarm_long_waits(tx: Transaction, queues: Iterable[WorkQueue]) -> datetime | None:
    """Alert supervisors about conversations that have waited too long. Returns the time of the next
    alarm, if any."""
    alarms = {queue.id: queue for queue in queues if queue.alarm is not None}
    if not alarms:
        return None
    w = t.work_items
    rows = tx.conn.execute(
        select(*w.c["id", "interaction_id", "queue_id", "created_at"]).where(
            WAITS,
            w.c.for_agent_id.is_(None),
            w.c.alarmed_at.is_(None),
            one_of(w.c.queue_id, alarms),
        )
    ).all()
    at = {r.id: r.created_at + (alarms[r.queue_id].alarm or timedelta()) for r in rows}
    late = [r for r in rows if at[r.id] <= tx.now]
    locked = interactions.lock_each(tx.conn, [r.interaction_id for r in late]) if late else {}
    for r in late:
        waited = durations.describe(tx.now - r.created_at)
        sentence = f"Waiting in {alarms[r.queue_id].name} for {waited}."
        alert_supervisors(tx, locked[r.interaction_id], sentence, event=Event.WAITING)
    if late:
        tx.conn.execute(
            update(w).where(one_of(w.c.id, [r.id for r in late])).values(alarmed_at=tx.now)
        )
    return min((moment for moment in at.values() if moment > tx.now), default=None)
