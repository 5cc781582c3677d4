"""Prompts about low grades. Every supervisor gets each prompt until they dismiss it, but not longer
than for seven days."""

from datetime import timedelta

from sqlalchemy import Connection, bindparam, func, select

from handoff_service.rules.reports.satisfaction import alert
from handoff_service.store.engine import tables as t
from handoff_service.store.engine.database import read_at
from handoff_service.store.views import Named, Prompt

i, m, d, q = t.interactions, t.messages, t.dismissed_prompts, t.satisfaction_questions
SHOWN_FOR = timedelta(days=7)
_OPEN = (
    select(m.c.id, m.c.interaction_id, m.c.seq, q.c.grade, q.c.comment, m.c.created_at)
    .add_columns(i.c.requester_number, i.c.user_id, t.users.c.name)
    .select_from(q)
    .join(i, i.c.id == q.c.interaction_id)
    .join(m, (m.c.interaction_id == i.c.id) & (m.c.seq == q.c.alert_seq))
    .outerjoin(t.users, t.users.c.id == i.c.user_id)
    .outerjoin(d, (d.c.interaction_id == i.c.id) & (d.c.agent_id == bindparam("me")))
    .where(t.LOW_GRADE, q.c.graded_at > bindparam("since", type_=t.UtcTime()))
    .where(func.coalesce(d.c.seq, 0) < m.c.seq)
)


def open_prompts(conn: Connection, agent_id: int) -> list[Prompt]:
    """Return the low grades of the last seven days that this supervisor has not dismissed. They
    count as assigned, because their conversations are closed.
    """
    given = {"me": agent_id, "since": read_at(conn) - SHOWN_FOR}
    return [
        Prompt(
            id=r.id,
            interaction_id=r.interaction_id,
            seq=r.seq,
            user=Named(id=r.user_id, name=r.name) if r.user_id else None,
            requester_number=r.requester_number,
            assigned=True,
            said=alert(r.grade, r.comment),
            created_at=r.created_at,
        )
        for r in conn.execute(_OPEN, given)
    ]
