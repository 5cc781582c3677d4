"""The news for agents who have no workspace page open: new offers, texts, prompts, notices,
mentions and alerts."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection, select

from handoff_service.rules.routing.notifications import News, NewsKind
from handoff_service.rules.shared.vocabulary import Direction, Event, Kind, Owner, Role
from handoff_service.store.engine import tables as t
from handoff_service.store.engine.one_of import one_of

i, m, g, o, w = t.interactions, t.messages, t.live_group, t.offers, t.work_items
_WHO = sa.func.coalesce(t.users.c.name, i.c.requester_number).label("who")
_ABOUT = (i.c.id.label("interaction_id"), _WHO, t.provider_numbers.c.label.label("place"))


def news(
    conn: Connection, agent_ids: Sequence[int], since: datetime, until: datetime
) -> dict[int, list[News]]:
    """Return each agent's news of this period, by agent id. Texts that the agent has read, and
    offers that have ended, are left out."""
    bounds = {"ids": list(agent_ids), "since": since, "until": until}
    found: dict[int, list[News]] = {}
    for kind, query in _QUERIES.items():
        for r in conn.execute(query, bounds):
            one = News(
                kind=kind, interaction_id=r.interaction_id, who=r.who, where=r.place, at=r.at
            )
            found.setdefault(r.agent_id, []).append(one)
    return found


def _between(column: sa.ColumnElement[datetime]) -> sa.ColumnElement[bool]:
    since = sa.bindparam("since", type_=t.UtcTime())
    return sa.and_(column > since, column <= sa.bindparam("until", type_=t.UtcTime()))


def _with_names(query: sa.Select[Any]) -> sa.Select[Any]:
    """Join the names of the requester and of the provider number."""
    return query.join(
        t.provider_numbers, t.provider_numbers.c.id == i.c.provider_number_id
    ).outerjoin(t.users, t.users.c.id == i.c.user_id)


_MINE = (i.c.closed_at.is_(None), i.c.owner == Owner.AGENT, one_of(i.c.assigned_to, "ids"))
_OFFERS = _with_names(
    select(
        o.c.agent_id,
        o.c.offered_at.label("at"),
        i.c.id.label("interaction_id"),
        _WHO,
        t.queues.c.name.label("place"),
    )
    .join(w, w.c.id == o.c.work_item_id)
    .join(i, i.c.id == w.c.interaction_id)
    .join(t.queues, t.queues.c.id == w.c.queue_id)
).where(one_of(o.c.agent_id, "ids"), o.c.outcome.is_(None), _between(o.c.offered_at))
# one row per conversation, even if it has several new texts
_TEXTS = (
    _with_names(
        select(i.c.assigned_to.label("agent_id"), sa.func.min(m.c.created_at).label("at"), *_ABOUT)
        .join(g, sa.and_(g.c.interaction_id == i.c.id, g.c.agent_id == i.c.assigned_to))
        .join(m, sa.and_(m.c.interaction_id == i.c.id, m.c.seq > g.c.read_seq))
    )
    .where(
        *_MINE,
        i.c.last_message_at > sa.bindparam("since", type_=t.UtcTime()),
        m.c.kind == Kind.MESSAGE,
        m.c.direction == Direction.INBOUND,
        _between(m.c.created_at),
    )
    .group_by(
        i.c.assigned_to, i.c.id, t.users.c.name, i.c.requester_number, t.provider_numbers.c.label
    )
)
_PROMPTS = _with_names(
    select(i.c.assigned_to.label("agent_id"), m.c.created_at.label("at"), *_ABOUT).join(
        m, sa.and_(m.c.interaction_id == i.c.id, m.c.seq == i.c.prompted_seq)
    )
).where(*_MINE, i.c.prompted_seq.is_not(None), _between(m.c.created_at))
_NOTICES = _with_names(
    select(
        t.colleague_notices.c.agent_id, t.colleague_notices.c.created_at.label("at"), *_ABOUT
    ).join(i, i.c.id == t.colleague_notices.c.interaction_id)
).where(one_of(t.colleague_notices.c.agent_id, "ids"), _between(t.colleague_notices.c.created_at))
_AUTHOR = t.agents.alias("author")
_MENTIONS = (
    select(
        t.mentions.c.agent_id,
        m.c.created_at.label("at"),
        m.c.interaction_id,
        _AUTHOR.c.name.label("who"),
        t.provider_numbers.c.label.label("place"),
    )
    .join(m, m.c.id == t.mentions.c.message_id)
    .join(_AUTHOR, _AUTHOR.c.id == m.c.agent_id)
    .join(i, i.c.id == m.c.interaction_id)
    .join(t.provider_numbers, t.provider_numbers.c.id == i.c.provider_number_id)
    .where(one_of(t.mentions.c.agent_id, "ids"), _between(m.c.created_at))
)
# prompts of conversations without an assigned agent, and alerts of messaging actions
_ALARMS = (
    _with_names(
        select(t.agent_roles.c.agent_id, m.c.created_at.label("at"), *_ABOUT)
        .select_from(i)
        .join(m, sa.and_(m.c.interaction_id == i.c.id, m.c.seq == i.c.prompted_seq))
        .join(t.agent_roles, t.agent_roles.c.role == Role.SUPERVISOR)
    )
    .where(one_of(t.agent_roles.c.agent_id, "ids"), i.c.closed_at.is_(None))
    .where(sa.or_(m.c.event == Event.ALARM, i.c.assigned_to.is_(None)), _between(m.c.created_at))
)
_LOW_GRADES = (
    _with_names(
        select(t.agent_roles.c.agent_id, m.c.created_at.label("at"), *_ABOUT)
        .select_from(t.satisfaction_questions)
        .join(i, i.c.id == t.satisfaction_questions.c.interaction_id)
        .join(
            m,
            sa.and_(m.c.interaction_id == i.c.id, m.c.seq == t.satisfaction_questions.c.alert_seq),
        )
        .join(t.agent_roles, t.agent_roles.c.role == Role.SUPERVISOR)
    )
    .where(one_of(t.agent_roles.c.agent_id, "ids"), t.LOW_GRADE)
    .where(_between(t.satisfaction_questions.c.graded_at), _between(m.c.created_at))
)
_GATEWAY = (
    select(
        t.agent_roles.c.agent_id,
        t.gateway_watch.c.alerted_at.label("at"),
        sa.literal(0).label("interaction_id"),
        sa.literal("").label("who"),
        sa.literal("").label("place"),
    )
    .join(t.gateway_watch, t.agent_roles.c.role == Role.SUPERVISOR)
    .where(one_of(t.agent_roles.c.agent_id, "ids"), _between(t.gateway_watch.c.alerted_at))
)
_QUERIES: dict[NewsKind, sa.Select[Any]] = {
    NewsKind.GATEWAY: _GATEWAY,
    NewsKind.OFFER: _OFFERS,
    NewsKind.PROMPT: _PROMPTS,
    NewsKind.TEXT: _TEXTS,
    NewsKind.NOTICE: _NOTICES,
    NewsKind.MENTION: _MENTIONS,
    NewsKind.ALARM: _ALARMS,
    NewsKind.LOW_GRADE: _LOW_GRADES,
}
