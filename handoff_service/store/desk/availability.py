"""Expressions for queries over ``agents``: the effective presence, whether it accepts work, and the
load."""

import sqlalchemy as sa
from sqlalchemy import select

from handoff_service.rules.shared.vocabulary import Presence, State
from handoff_service.store.engine import tables as t

#: The effective presence: the automatic one if it is set, or else the agent's choice.
PRESENCE = sa.func.coalesce(t.agents.c.automatic_presence, t.agents.c.presence)


def _load() -> sa.ScalarSelect[int]:
    """Build the agent's load: open offers plus active conversations that are not on hold."""
    i, o = t.interactions, t.offers
    active = (
        select(sa.func.count())
        .select_from(i)
        .where(
            i.c.assigned_to == t.agents.c.id, i.c.closed_at.is_(None), i.c.state != State.ON_HOLD
        )
        .correlate(t.agents)
        .scalar_subquery()
    )
    offered = (
        select(sa.func.count())
        .select_from(o)
        .where(o.c.agent_id == t.agents.c.id, o.c.outcome.is_(None))
        .correlate(t.agents)
        .scalar_subquery()
    )
    return sa.cast(active + offered, sa.Integer)  # type: ignore[return-value]  # a sum of two scalar subqueries


LOAD = _load()


TAKES_WORK = sa.or_(
    PRESENCE == Presence.AVAILABLE,
    PRESENCE.in_(select(t.presence_states.c.name).where(t.presence_states.c.takes_work)),
)
