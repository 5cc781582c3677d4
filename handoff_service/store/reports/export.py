"""Reads conversations with their facts, for lists and exports."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, select

from handoff_service.rules.reports.columns import COLUMNS
from handoff_service.rules.shared.vocabulary import State
from handoff_service.store.conversations import interactions
from handoff_service.store.desk import attributes
from handoff_service.store.engine import tables as t
from handoff_service.store.engine.one_of import one_of
from handoff_service.store.reports.facts import LISTS

f, i = t.conversation_facts, t.interactions
_QUERY = (
    select(
        f,
        *i.c["requester_number", "state", "opened_at", "closed_at", "short_description"],
        t.users.c.name.label("user_name"),
        t.queues.c.name.label("queue_name"),
        t.agents.c.name.label("agent_name"),
        t.provider_numbers.c.number.label("provider_number"),
        t.satisfaction_questions.c.comment,
    )
    .join(i, i.c.id == f.c.interaction_id)
    .join(t.provider_numbers, t.provider_numbers.c.id == f.c.provider_number_id)
    .outerjoin(t.users, t.users.c.id == i.c.user_id)
    .outerjoin(t.queues, t.queues.c.id == f.c.queue_id)
    .outerjoin(t.agents, t.agents.c.id == f.c.agent_id)
    .outerjoin(
        t.satisfaction_questions, t.satisfaction_questions.c.interaction_id == f.c.interaction_id
    )
)


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportedConversation:
    """A conversation with its facts. ``comment``: the requester's comment on a low grade.
    ``attributes``: values by key. ``facts``: the columns of ``rules/reports/columns.py``."""

    id: int
    number: str
    day: str
    opened_at: datetime
    closed_at: datetime | None
    state: State
    requester_number: str
    provider_number: str
    user: str | None
    queue: str | None
    agent: str | None
    short_description: str | None
    comment: str | None
    attributes: dict[str, str]
    facts: dict[str, Any]


def reported(conn: Connection, ids: Sequence[int]) -> list[ReportedConversation]:
    """Return these conversations, in the order of ``ids``."""
    rows = conn.execute(_QUERY.where(one_of(f.c.interaction_id, ids))).all()
    found = {one.id: one for one in _conversations(conn, rows)}
    return [found[one] for one in ids if one in found]


def after(
    conn: Connection, first: str, last: str, cursor: tuple[str, int], most: int
) -> list[ReportedConversation]:
    """Return the next conversations in a range of days, sorted by day and id. ``cursor``: the last
    day and id of the previous page."""
    day, interaction_id = cursor
    is_after = (f.c.day > day) | ((f.c.day == day) & (f.c.interaction_id > interaction_id))
    query = _QUERY.where(f.c.day.between(max(first, day), last), is_after)
    rows = conn.execute(query.order_by(f.c.day, f.c.interaction_id).limit(most)).all()
    return _conversations(conn, rows)


def days_between(conn: Connection, first: str, last: str) -> list[str]:
    """Return the days in a range that have conversations."""
    d = t.report_days.c.day
    return list(conn.execute(select(d).where(d.between(first, last)).order_by(d)).scalars())


def _conversations(conn: Connection, rows: Sequence[Any]) -> list[ReportedConversation]:
    own = attributes.of_interactions(conn, [r.interaction_id for r in rows])
    return [_conversation(r, own.get(r.interaction_id, {})) for r in rows]


def _conversation(r: Any, own_attributes: dict[str, str]) -> ReportedConversation:
    return ReportedConversation(
        id=r.interaction_id,
        number=interactions.number(r.interaction_id),
        day=r.day,
        opened_at=r.opened_at,
        closed_at=r.closed_at,
        state=State(r.state),
        requester_number=r.requester_number,
        provider_number=r.provider_number,
        user=r.user_name,
        queue=r.queue_name,
        agent=r.agent_name,
        short_description=r.short_description,
        comment=r.comment,
        attributes=own_attributes,
        facts={
            name: LISTS[name](r._mapping[name]) if name in LISTS else r._mapping[name]
            for name in COLUMNS
        },
    )
