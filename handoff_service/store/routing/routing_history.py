"""The routing of a conversation from beginning to end: its waits, decisions and offers."""

from dataclasses import dataclass

from sqlalchemy import Connection, select

from handoff_service.rules.conversations.past import (
    CandidateThen,
    OfferThen,
    PastDecision,
    PastWait,
)
from handoff_service.rules.shared.vocabulary import OfferOutcome
from handoff_service.store.engine import tables as t

w, o, g, a = t.work_items, t.offers, t.assignment_log, t.agents


@dataclass(frozen=True, slots=True, kw_only=True)
class RoutingHistory:
    """The routing of a conversation. Each list is sorted oldest first."""

    waits: list[PastWait]
    decisions: list[PastDecision]
    offers: list[OfferThen]


def of_conversation(conn: Connection, interaction_id: int) -> RoutingHistory:
    """Return the routing of a conversation, in at most four queries."""
    waits = conn.execute(
        select(w.c.created_at, t.queues.c.name)
        .join(t.queues, t.queues.c.id == w.c.queue_id)
        .where(w.c.interaction_id == interaction_id)
        .order_by(w.c.id)
    ).all()
    if not waits:
        return RoutingHistory(waits=[], decisions=[], offers=[])
    names = {r.id: r.name for r in conn.execute(select(a.c.id, a.c.name))}
    decisions = conn.execute(
        select(g.c.at, g.c.said, g.c.candidates)
        .join(w, w.c.id == g.c.work_item_id)
        .where(w.c.interaction_id == interaction_id)
        .order_by(g.c.id)
    )
    offers = conn.execute(
        select(
            *o.c["agent_id", "offered_at", "expires_at", "ended_at", "outcome", "outcome_reason"]
        )
        .join(w, w.c.id == o.c.work_item_id)
        .where(w.c.interaction_id == interaction_id)
        .order_by(o.c.id)
    )
    return RoutingHistory(
        waits=[PastWait(queue=r.name, since=r.created_at) for r in waits],
        decisions=[
            PastDecision(
                at=r.at,
                said=r.said,
                candidates=[
                    CandidateThen(agent=names.get(agent, ""), chosen=chosen, why=why)
                    for _, chosen, why, agents in r.candidates
                    for agent in agents
                ],
            )
            for r in decisions
        ],
        offers=[
            OfferThen(
                agent=names.get(r.agent_id, ""),
                offered_at=r.offered_at,
                expires_at=r.expires_at,
                ended_at=r.ended_at,
                outcome=OfferOutcome(r.outcome) if r.outcome else None,
                outcome_reason=r.outcome_reason,
            )
            for r in offers
        ],
    )
