"""The language that a requester is answered in."""

from sqlalchemy import Connection, select

from handoff_service.rules.shared.language import Language, conversation_language
from handoff_service.rules.shared.vocabulary import Direction
from handoff_service.store.engine import tables as t

m = t.messages
LAST_TEXTS = 30  # a language that was last clear before these has been left long ago


def spoken_language(conn: Connection, interaction_id: int) -> Language:
    """English until the requester's texts of this conversation are clearly Spanish, or ask for
    it."""
    query = (
        select(m.c.body)
        .where(m.c.interaction_id == interaction_id, m.c.direction == Direction.INBOUND)
        .order_by(m.c.seq.desc())
        .limit(LAST_TEXTS)
    )
    return conversation_language(conn.execute(query).scalars())
