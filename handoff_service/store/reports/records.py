"""Loads the stored records of conversations for the rules that compute facts. Each type of row
takes one query, for any number of conversations.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection, bindparam, func, select

from handoff_service.rules.conversations.promises import PromiseState
from handoff_service.rules.reports.conversation_record import (
    AskedHow,
    ConversationRecord,
    FactLine,
    QueueVisit,
)
from handoff_service.rules.reports.facts import DURABLE_AFTER
from handoff_service.rules.routing.targets import HeldTime
from handoff_service.rules.shared.vocabulary import (
    Author,
    Direction,
    Kind,
    OfferOutcome,
    Owner,
    State,
    Status,
)
from handoff_service.store.conversations import target_facts
from handoff_service.store.desk import attributes, labels
from handoff_service.store.engine import tables as t
from handoff_service.store.engine.one_of import one_of
from handoff_service.store.views import Label

i, m, w, o, b, p = t.interactions, t.messages, t.work_items, t.offers, t.bot_turns, t.promises
_later = i.alias("later")
_first_direction = (
    select(m.c.direction)
    .where(m.c.interaction_id == _later.c.id, m.c.direction.is_not(None))
    .order_by(m.c.seq)
    .limit(1)
    .correlate(_later)
    .scalar_subquery()
)
_INTERACTIONS = select(
    *i.c["id", "state", "opened_at", "closed_at", "queue_id", "provider_number_id", "assigned_to"],
    i.c.priority,
).where(one_of(i.c.id, "ids"))
_LINES = (
    select(
        *m.c[
            "interaction_id", "created_at", "kind", "author", "owner", "direction", "agent_id",
            "status", "provider_sid", "error_code", "segments", "price", "price_before", "currency",
        ]
    )
    .where(one_of(m.c.interaction_id, "ids"))
    .order_by(m.c.interaction_id, m.c.seq)
)  # fmt: skip
_VISITS = (
    select(*w.c["interaction_id", "created_at", "reason", "from_agent_id"])
    .where(one_of(w.c.interaction_id, "ids"))
    .order_by(w.c.id)
)
_OFFERS = (
    select(w.c.interaction_id, *o.c["agent_id", "outcome"])
    .join(w, w.c.id == o.c.work_item_id)
    .where(one_of(w.c.interaction_id, "ids"))
    .order_by(o.c.id)
)
_TURNS = (
    select(*b.c["interaction_id", "understood"])
    .where(one_of(b.c.interaction_id, "ids"), b.c.opening.is_(None))
    .order_by(b.c.id)
)
_PROMISES = select(*p.c["interaction_id", "state"]).where(one_of(p.c.interaction_id, "ids"))
_QUESTIONS = (
    select(t.satisfaction_questions.c.interaction_id, t.satisfaction_questions.c.grade, m.c.status)
    .join(m, m.c.id == t.satisfaction_questions.c.message_id)
    .where(one_of(t.satisfaction_questions.c.interaction_id, "ids"))
)
_NEXT = (
    select(i.c.id, func.min(_later.c.opened_at, type_=t.UtcTime()).label("at"))
    .join(
        _later,
        (_later.c.requester_number == i.c.requester_number)
        & (_later.c.provider_number_id == i.c.provider_number_id)
        & (_later.c.opened_at >= i.c.closed_at)
        & (_later.c.id > i.c.id),
    )
    .where(one_of(i.c.id, "ids"), _first_direction == Direction.INBOUND)
    .where(_later.c.opened_at < bindparam("until", type_=t.UtcTime()))
    .group_by(i.c.id)
)


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredConversation:
    """A conversation's record, its holds, and the values by which reports group it."""

    record: ConversationRecord
    queue_id: int | None
    provider_number_id: int
    agent_id: int | None
    labels: list[int]
    attribute_values: tuple[str, ...]
    priority: int
    holds: Sequence[HeldTime]


def load(conn: Connection, ids: Collection[int]) -> dict[int, StoredConversation]:
    """Return the stored records, by interaction id. Unknown ids are left out."""
    rows = conn.execute(_INTERACTIONS, {"ids": list(ids)}).all()
    many = {"ids": [r.id for r in rows]}
    lines, visits, offers, turns, promises = (
        _by_interaction(conn.execute(query, many))
        for query in (_LINES, _VISITS, _OFFERS, _TURNS, _PROMISES)
    )
    next_at = _next(conn, rows)
    asked = {r.interaction_id: _asked_how(r) for r in conn.execute(_QUESTIONS, many)}
    labeled = labels.of_interactions(conn, many["ids"])
    values = attributes.reported_values(conn, many["ids"])
    held = target_facts.holds(conn, many["ids"])
    return {
        r.id: StoredConversation(
            record=ConversationRecord(
                state=State(r.state),
                opened_at=r.opened_at,
                closed_at=r.closed_at,
                lines=[_line(one) for one in lines[r.id]],
                visits=[_visit(one) for one in visits[r.id]],
                offers=[(one.agent_id, _outcome(one.outcome)) for one in offers[r.id]],
                intents=[one.understood.get("intent") for one in turns[r.id] if one.understood],
                promises=[PromiseState(one.state) for one in promises[r.id]],
                topic_label=topic.name if (topic := _topic(labeled.get(r.id))) else None,
                next_began_at=next_at.get(r.id),
                asked_how=asked.get(r.id),
            ),
            queue_id=r.queue_id,
            provider_number_id=r.provider_number_id,
            agent_id=r.assigned_to,
            labels=[one.id for one in labeled[r.id].labels] if r.id in labeled else [],
            attribute_values=values.get(r.id, ()),
            priority=r.priority,
            holds=held.get(r.id, []),
        )
        for r in rows
    }


def _topic(of: labels.OfConversation | None) -> Label | None:
    return of.topic if of is not None else None


def _by_interaction(rows: Iterable[sa.Row[Any]]) -> defaultdict[int, list[sa.Row[Any]]]:
    found: defaultdict[int, list[sa.Row[Any]]] = defaultdict(list)
    for row in rows:
        found[row.interaction_id].append(row)
    return found


def _next(conn: Connection, rows: Collection[Any]) -> Mapping[int, datetime]:
    """Return when the requesters of closed conversations began their next conversation."""
    closed = {r.id: r.closed_at for r in rows if r.closed_at is not None}
    if not closed:
        return {}
    until = max(closed.values()) + DURABLE_AFTER
    found = conn.execute(_NEXT, {"ids": list(closed), "until": until})
    return {r.id: r.at for r in found}


def _line(row: sa.Row[Any]) -> FactLine:
    return FactLine(
        at=row.created_at,
        kind=Kind(row.kind),
        author=Author(row.author),
        owner=Owner(row.owner),
        direction=Direction(row.direction) if row.direction else None,
        agent_id=row.agent_id,
        status=Status(row.status) if row.status else None,
        accepted=row.provider_sid is not None,
        error_code=row.error_code,
        segments=row.segments or 0,
        price=(row.price or 0) + (row.price_before or 0),
        currency=row.currency,
    )


def _visit(row: sa.Row[Any]) -> QueueVisit:
    return QueueVisit(
        at=row.created_at,
        reason=row.reason,
        is_transfer=row.from_agent_id is not None,
    )


def _asked_how(row: Any) -> AskedHow:
    return AskedHow(Status(row.status) if row.status else None, row.grade)


def _outcome(stored: str | None) -> OfferOutcome | None:
    return OfferOutcome(stored) if stored else None
