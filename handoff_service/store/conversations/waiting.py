"""Expressions for queries over ``interactions``: how long a requester has waited for a live
agent."""

import sqlalchemy as sa
from sqlalchemy import func, select

from handoff_service.rules.shared.vocabulary import (
    Author,
    Direction,
    Event,
    Kind,
    Owner,
    Unanswered,
)
from handoff_service.store.engine import tables as t

i, m, w = t.interactions, t.messages, t.work_items

_of_it = m.c.interaction_id == i.c.id
_answered = (
    select(m.c.seq)
    .where(_of_it, m.c.kind == Kind.MESSAGE, m.c.author == Author.AGENT)
    .order_by(m.c.seq.desc())
    .limit(1)
    .correlate(i)
    .scalar_subquery()
)
_handed_over_at = (
    select(func.max(w.c.created_at))
    .where(w.c.interaction_id == i.c.id)
    .correlate(i)
    .scalar_subquery()
)
# The time of the requester's first text after the agents' last one. Before any agent has written,
# it may also be the time of the handoff.
_unanswered_at = (
    select(m.c.created_at)
    .where(
        _of_it,
        m.c.owner != Owner.VIRTUAL_AGENT,
        m.c.seq > func.coalesce(_answered, 0),
        sa.or_(
            m.c.direction == Direction.INBOUND,
            sa.and_(m.c.event == Event.OWNER_CHANGED, _answered.is_(None)),
        ),
    )
    .order_by(m.c.seq)
    .limit(1)
    .correlate(i)
    .scalar_subquery()
)
#: a live agent owns the conversation and owes an answer
WITH_AGENT = sa.and_(i.c.owner == Owner.AGENT, i.c.unanswered == Unanswered.REQUESTER_MESSAGE)
#: the time from which the requester has waited for the agent
WAITING_FOR_AGENT_SINCE = func.coalesce(_unanswered_at, _handed_over_at)
