"""The watch over the company's own SMS gateway, such as a phone."""

from sqlalchemy import Connection, select

from handoff_service.rules.delivery.gateway_watch import AwayReason, GatewayWatch
from handoff_service.store.engine import tables as t
from handoff_service.store.views.supervision import GatewayAway

g = t.gateway_watch


def get(conn: Connection, *, lock: bool = False) -> GatewayWatch | None:
    """Return the watch; None if the desk has never had such a gateway."""
    query = select(*g.c["failing_since", "reason", "alerted_at", "heard_at"])
    row = conn.execute(query.with_for_update() if lock else query).one_or_none()
    if row is None:
        return None
    return GatewayWatch(
        failing_since=row.failing_since,
        reason=AwayReason(row.reason) if row.reason else None,
        alerted_at=row.alerted_at,
        heard_at=row.heard_at,
    )


def away(conn: Connection) -> GatewayAway | None:
    """Return the current alert about an unavailable gateway; None if there is none."""
    watch = get(conn)
    if watch is None or watch.alerted_at is None:
        return None
    if watch.failing_since is None or watch.reason is None:
        return None
    return GatewayAway(since=watch.failing_since, reason=watch.reason)
