"""What is offered to an agent, and a work item with the offers made of it."""

import sqlalchemy as sa
from sqlalchemy import Connection, select

from handoff_service.errors import NotFound
from handoff_service.rules.vocabulary import OfferOutcome, WorkItemState
from handoff_service.store import conversations
from handoff_service.store import tables as t
from handoff_service.store.several import one_of
from handoff_service.store.views import CandidateLine, DecisionLine, InboxOffer, Named, Offered, PastOffer, WorkItem

o, w = t.offers, t.work_items


def inbox(conn: Connection, agent_id: int) -> list[InboxOffer]:
    """Work offered to this agent, the one that runs out first on top."""
    rows = conn.execute(
        select(w.c.id, w.c.interaction_id, w.c.reason, w.c.collected, w.c.note, o.c.offered_at, o.c.expires_at)
        .join(w, w.c.id == o.c.work_item_id)
        .where(o.c.agent_id == agent_id, o.c.outcome.is_(None))
        .order_by(o.c.expires_at, o.c.id)
    ).all()
    found = conversations.some(conn, [one_of(t.interactions.c.id, [r.interaction_id for r in rows])], agent_id=agent_id)
    by_id = {one.id: one for one in found}
    return [
        InboxOffer(
            id=r.id,
            interaction=by_id[r.interaction_id],
            reason=r.reason,
            collected=r.collected,
            note=r.note,
            offered_at=r.offered_at,
            expires_at=r.expires_at,
        )
        for r in rows
    ]


def offered(conn: Connection, agent_id: int) -> list[Offered]:
    """The same, as much of it as a notification says."""
    i, u = t.interactions, t.users
    rows = conn.execute(
        select(w.c.id, w.c.reason, o.c.offered_at, i.c.requester_number, i.c.user_id, u.c.name)
        .join(w, w.c.id == o.c.work_item_id)
        .join(i, i.c.id == w.c.interaction_id)
        .outerjoin(u, u.c.id == i.c.user_id)
        .where(o.c.agent_id == agent_id, o.c.outcome.is_(None))
        .order_by(o.c.expires_at, o.c.id)
    )
    return [
        Offered(
            id=r.id,
            user=Named(id=r.user_id, name=r.name) if r.user_id else None,
            requester_number=r.requester_number,
            reason=r.reason,
            offered_at=r.offered_at,
        )
        for r in rows
    ]


def handoff_of(conn: Connection, interaction_id: int) -> WorkItem | None:
    """The latest work item of an interaction: why it came to live agents, and what was collected."""
    query = select(w.c.id).where(w.c.interaction_id == interaction_id).order_by(w.c.id.desc()).limit(1)
    found = conn.execute(query).scalar()
    return None if found is None else work_item(conn, found)


def work_item(conn: Connection, work_item_id: int) -> WorkItem:
    """One work item with every offer made of it and every decision, oldest first. NotFound when there is none."""
    row = conn.execute(
        select(w, t.queues.c.name.label("queue_name"))
        .join(t.queues, t.queues.c.id == w.c.queue_id)
        .where(w.c.id == work_item_id)
    ).one_or_none()
    if row is None:
        raise NotFound(f"There is no work item {work_item_id}.")
    g = t.assignment_log
    decisions = conn.execute(select(g).where(g.c.work_item_id == work_item_id).order_by(g.c.id)).all()
    names = {r.id: r.name for r in conn.execute(select(t.agents.c.id, t.agents.c.name))}
    made = conn.execute(
        select(o, t.agents.c.name.label("agent_name"))
        .join(t.agents, t.agents.c.id == o.c.agent_id)
        .where(o.c.work_item_id == work_item_id)
        .order_by(o.c.id)
    )
    return WorkItem(
        id=row.id,
        interaction_id=row.interaction_id,
        queue=Named(id=row.queue_id, name=row.queue_name),
        state=WorkItemState(row.state),
        reason=row.reason,
        collected=row.collected,
        note=row.note,
        sender=_named(names, row.from_agent_id),
        only=_named(names, row.for_agent_id),
        round=row.round,
        offers=[
            PastOffer(
                agent=Named(id=r.agent_id, name=r.agent_name),
                offered_at=r.offered_at,
                expires_at=r.expires_at,
                outcome=OfferOutcome(r.outcome) if r.outcome else None,
                outcome_reason=r.outcome_reason,
            )
            for r in made
        ],
        decisions=[_decision(r, names) for r in decisions],
        created_at=row.created_at,
        ended_at=row.ended_at,
    )


def _decision(r: sa.Row[tuple[object, ...]], names: dict[int, str]) -> DecisionLine:
    lines = [
        CandidateLine(agent=Named(id=agent, name=names.get(agent, "")), joins_after=after, chosen=chosen, why=why)
        for after, chosen, why, agents in r.candidates
        for agent in agents
    ]
    return DecisionLine(at=r.at, round=r.round, said=r.said, candidates=lines)


def _named(names: dict[int, str], agent_id: int | None) -> Named | None:
    return Named(id=agent_id, name=names[agent_id]) if agent_id is not None else None
