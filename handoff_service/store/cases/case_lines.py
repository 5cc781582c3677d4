"""Finds the conversation in which agents can text a case's requester, and whether the virtual agent
promised a text about the case.
"""

from sqlalchemy import Connection, select

from handoff_service.rules.cases.promised_texts import promises_text
from handoff_service.rules.shared.vocabulary import Author
from handoff_service.store.conversations.newest_on_lines import newest_on_lines
from handoff_service.store.engine import tables as t

c, i, m = t.cases, t.interactions, t.messages


def target(conn: Connection, case_id: int) -> int | None:
    """Return the id of the open conversation on the case's line, or else of the newest one. The
    case's line is the line of the conversation that opened the case, or else of the user's last
    conversation. None if there is no conversation.
    """
    case = conn.execute(
        select(*c.c["interaction_id", "user_id"]).where(c.c.id == case_id)
    ).one_or_none()
    if case is None:
        return None
    opened_in = case.interaction_id
    if opened_in is None and case.user_id is not None:
        last = select(i.c.id).where(i.c.user_id == case.user_id).order_by(i.c.id.desc()).limit(1)
        opened_in = conn.execute(last).scalar()
    if opened_in is None:
        return None
    row = conn.execute(
        select(*i.c["requester_number", "provider_number_id"]).where(i.c.id == opened_in)
    ).one()
    line = (row.requester_number, row.provider_number_id)
    return newest_on_lines(conn, [line])[line].id


def text_is_promised(conn: Connection, case_id: int) -> bool:
    """Return whether the virtual agent opened this case and promised a text in the same
    conversation."""
    case = conn.execute(
        select(*c.c["interaction_id", "bot_turn_id"]).where(c.c.id == case_id)
    ).one_or_none()
    if case is None or case.bot_turn_id is None or case.interaction_id is None:
        return False
    bodies = select(m.c.body).where(
        m.c.interaction_id == case.interaction_id, m.c.author == Author.VIRTUAL_AGENT
    )
    return any(promises_text(body) for body in conn.execute(bodies).scalars())
