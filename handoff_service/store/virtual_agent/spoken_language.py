"""The language of the replies to a requester."""

from collections.abc import Iterator

from sqlalchemy import ColumnElement, Connection, select

from handoff_service.rules.shared.language import Language, conversation_language
from handoff_service.rules.shared.vocabulary import Direction
from handoff_service.store.engine import tables as t

i, m = t.interactions, t.messages
LAST_TEXTS = 30  # older texts say nothing about the language that the requester uses now


def spoken_language(conn: Connection, interaction_id: int) -> Language:
    """English until the requester's texts are clearly Spanish, or ask for it. A new conversation
    begins in the language of the number's last one: "START" has none of its own."""
    return conversation_language(
        _texts(conn, m.c.interaction_id == interaction_id), _texts_before(conn, interaction_id)
    )


def _texts_before(conn: Connection, interaction_id: int) -> Iterator[str]:
    """The texts of the number's last conversation, newest first; read only when they are needed."""
    number = select(i.c.requester_number).where(i.c.id == interaction_id).scalar_subquery()
    last = (
        select(i.c.id)
        .where(i.c.requester_number == number, i.c.id < interaction_id)
        .order_by(i.c.id.desc())
        .limit(1)
    )
    yield from _texts(conn, m.c.interaction_id == last.scalar_subquery())


def _texts(conn: Connection, where: ColumnElement[bool]) -> Iterator[str]:
    query = select(m.c.body).where(where, m.c.direction == Direction.INBOUND)
    yield from conn.execute(query.order_by(m.c.seq.desc()).limit(LAST_TEXTS)).scalars()
