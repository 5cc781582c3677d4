"""The recent price of a segment, from which the desk estimates the cost of a text to many
people."""

from sqlalchemy import Connection, select

from handoff_service.rules.shared.vocabulary import Direction
from handoff_service.store.engine import tables as t

LATEST = 1000  # texts with a known price that the average covers
m = t.messages


def segment_prices(conn: Connection) -> dict[str, float]:
    """Return the average price of a segment, in millionths, by currency. Only the currency of the
    newest priced text counts. Empty if no price is known."""
    newest = (
        select(m.c.currency, m.c.price, m.c.segments)
        .where(m.c.direction == Direction.OUTBOUND, m.c.price.is_not(None), m.c.segments > 0)
        .order_by(m.c.id.desc())
        .limit(LATEST)
    )
    rows = conn.execute(newest).all()
    same = [r for r in rows if r.currency == rows[0].currency]
    if not same or same[0].currency is None:
        return {}
    return {same[0].currency: sum(int(r.price) for r in same) / sum(r.segments for r in same)}
