"""Offers of work items to agents: the open ones, and the answers so far."""

from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy import Connection, select, update

from handoff_service.rules.shared.vocabulary import OfferOutcome
from handoff_service.store.engine import tables as t
from handoff_service.store.engine.one_of import one_of
from handoff_service.store.engine.transaction import Transaction


@dataclass(slots=True)
class Answers:
    """The answers to a work item's offers. ``declined``: agent -> (latest round, whether they may
    be asked again). ``asked``: agents with an open offer."""

    declined: dict[int, tuple[int, bool]] = field(default_factory=dict)
    asked: set[int] = field(default_factory=set)
    last_at: datetime | None = None


def answers(conn: Connection, work_item_ids: Collection[int]) -> dict[int, Answers]:
    """Return the answers to the offers of each work item."""
    o = t.offers
    declined = o.c.outcome.in_([OfferOutcome.REJECTED, OfferOutcome.TIMED_OUT])
    rows = conn.execute(
        select(*o.c["work_item_id", "agent_id", "outcome", "round", "again", "ended_at"])
        .where(one_of(o.c.work_item_id, work_item_ids), sa.or_(o.c.outcome.is_(None), declined))
        .order_by(o.c.id)
    )
    found: dict[int, Answers] = {}
    for r in rows:
        answer = found.setdefault(r.work_item_id, Answers())
        if r.outcome is None:
            answer.asked.add(r.agent_id)
        else:
            answer.declined[r.agent_id] = (
                r.round,
                r.again and answer.declined.get(r.agent_id, (0, True))[1],
            )
            answer.last_at = r.ended_at
    return found


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """An open offer. ``only``: the agent to whom ``sender`` has transferred the conversation; None
    for other offers."""

    id: int
    work_item_id: int
    interaction_id: int
    agent_id: int
    only: int | None
    sender: int | None
    offered_at: datetime
    expires_at: datetime


def open_offer(
    conn: Connection,
    *,
    offer_id: int | None = None,
    work_item_id: int | None = None,
    agent_id: int | None = None,
) -> Offer | None:
    """Lock and return the open offer with this id, or of this work item to this agent; None if
    there is none."""
    o, w = t.offers, t.work_items
    query = (
        select(
            *o.c["id", "work_item_id", "agent_id", "offered_at", "expires_at"],
            w.c.interaction_id,
            w.c.for_agent_id.label("only"),
            w.c.from_agent_id.label("sender"),
        )
        .join(w, w.c.id == o.c.work_item_id)
        .where(o.c.outcome.is_(None))
        .with_for_update(of=o)
    )
    if offer_id is not None:
        query = query.where(o.c.id == offer_id)
    else:
        query = query.where(o.c.work_item_id == work_item_id, o.c.agent_id == agent_id)
    row = conn.execute(query).one_or_none()
    return Offer(**row._mapping) if row else None


def end_offers(
    tx: Transaction,
    work_item_ids: Collection[int],
    outcome: OfferOutcome,
    *,
    except_offer: int | None = None,
) -> list[tuple[int, int]]:
    """End the open offers of these work items, except the offer ``except_offer``. Return (offer,
    agent) for each ended offer."""
    o = t.offers
    rows = tx.conn.execute(
        update(o)
        .where(
            one_of(o.c.work_item_id, work_item_ids),
            o.c.outcome.is_(None),
            o.c.id != (except_offer or 0),
        )
        .values(outcome=outcome, ended_at=tx.now)
        .returning(o.c.id, o.c.agent_id)
    )
    return [(r[0], r[1]) for r in rows]
