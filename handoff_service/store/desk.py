"""The desk itself: its name, time and country, and the admin's own choices."""

from sqlalchemy import Connection, select

from handoff_service.store import tables as t
from handoff_service.store.views import Desk, PresenceState, RejectReason


def desk(conn: Connection) -> Desk | None:
    """None before anything was imported."""
    columns = t.desk.c["name", "country", "time_zone", "reassign_when_away", "away_after_seconds", "card_fields"]
    row = conn.execute(select(*columns)).one_or_none()
    return Desk(**row._mapping) if row is not None else None


def presence_states(conn: Connection) -> list[PresenceState]:
    """The admin's own, in their order; available, away and offline are there anyway."""
    p = t.presence_states
    rows = conn.execute(select(p.c.id, p.c.name, p.c.takes_work).order_by(p.c.position, p.c.id))
    return [PresenceState(**r._mapping) for r in rows]


_REJECT_REASONS = select(*t.reject_reasons.c["id", "words", "again"]).order_by(
    t.reject_reasons.c.position, t.reject_reasons.c.id
)


def reject_reasons(conn: Connection) -> list[RejectReason]:
    """What an agent who rejects an offer chooses from, in the admin's order."""
    return [RejectReason(**row._mapping) for row in conn.execute(_REJECT_REASONS)]
