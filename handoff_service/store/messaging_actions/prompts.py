"""Open prompts of messaging actions. An agent sees a prompt until somebody has answered it or the
agent has dismissed it."""

from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection, bindparam, func, select

from handoff_service.rules.shared.vocabulary import Author, Direction, Event, Kind, Owner
from handoff_service.store.consent import consents
from handoff_service.store.engine import tables as t
from handoff_service.store.views import Named, Prompt

i, m, g, d = t.interactions, t.messages, t.live_group, t.dismissed_prompts
others = m.alias("others")  # messages before and after a prompt


def _query(*, supervises: bool) -> sa.Select[Any]:
    mine = i.c.id.in_(select(g.c.interaction_id).where(g.c.agent_id == bindparam("me")))
    unassigned = i.c.assigned_to.is_(None)
    dismissed = (d.c.interaction_id == i.c.id) & (d.c.agent_id == bindparam("me"))
    return (
        select(m.c.id, m.c.interaction_id, m.c.seq, m.c.body, m.c.created_at)
        .add_columns(i.c.requester_number, i.c.assigned_to, i.c.user_id, t.users.c.name)
        .join(m, (m.c.interaction_id == i.c.id) & (m.c.seq == i.c.prompted_seq))
        .outerjoin(t.users, t.users.c.id == i.c.user_id)
        .outerjoin(d, dismissed)
        .where(i.c.closed_at.is_(None), i.c.prompted_seq.is_not(None))
        .where(mine | unassigned | (m.c.event == Event.ALARM) if supervises else mine)
        .where((i.c.owner == Owner.QUEUE) | (m.c.event != Event.WAITING))
        .where(func.coalesce(d.c.seq, 0) < m.c.seq, ~_answered())
        .where(~consents.is_blocked(i.c.requester_number, i.c.provider_number_id))
        # Do not sort by m.c.id alone, because SQLite would then read all messages in that order to
        # avoid the sort.
        .order_by((m.c.id + 0).desc())
    )


def _answered() -> sa.ColumnElement[bool]:
    """Build the condition that a prompt is answered: an agent has texted since. If the prompt was
    about the requester's silence, a text from the requester also answers it."""
    here = others.c.interaction_id == m.c.interaction_id
    since = select(others.c.id).where(here, others.c.seq > m.c.seq)
    silent = (
        select(others.c.author)
        .where(here, others.c.seq < m.c.seq, others.c.kind == Kind.MESSAGE)
        .where(others.c.author.in_([Author.REQUESTER, Author.AGENT]))
        .order_by(others.c.seq.desc())
        .limit(1)
        .scalar_subquery()
    )
    by_agent = since.where(others.c.author == Author.AGENT, others.c.kind == Kind.MESSAGE).exists()
    by_requester = since.where(others.c.direction == Direction.INBOUND).exists()
    return by_agent | (by_requester & (silent == Author.AGENT))


# Build each statement once, because building it costs more than running it.
_QUERIES = {supervises: _query(supervises=supervises) for supervises in (False, True)}


def open_prompts(conn: Connection, agent_id: int, *, supervises: bool) -> list[Prompt]:
    """Return the newest prompt of each of the agent's active conversations, newest first.
    Supervisors also get alarms, and prompts of conversations without an assigned agent. Leave out
    prompts that somebody has answered or the agent has dismissed, and prompts about requesters who
    have opted out."""
    return [
        Prompt(
            id=r.id,
            interaction_id=r.interaction_id,
            seq=r.seq,
            user=Named(id=r.user_id, name=r.name) if r.user_id else None,
            requester_number=r.requester_number,
            assigned=r.assigned_to is not None,
            said=r.body,
            created_at=r.created_at,
        )
        for r in conn.execute(_QUERIES[supervises], {"me": agent_id})
    ]
