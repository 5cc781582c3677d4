"""Queries for the list pane. They read only what the pane shows, because an agent may have a
thousand conversations."""

from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection, bindparam, select

from handoff_service.rules.delivery.senders import why_unanswerable
from handoff_service.rules.messaging_actions.target_timers import PARKED
from handoff_service.rules.shared.vocabulary import Author, Direction, Kind, State, Status
from handoff_service.store.consent import consents
from handoff_service.store.conversations import (
    conversations,
    promises,
    read_positions,
    running_targets,
    scheduled_texts,
    waiting,
)
from handoff_service.store.desk import labels
from handoff_service.store.engine import tables as t
from handoff_service.store.engine.one_of import one_of
from handoff_service.store.views import (
    Label,
    LastLine,
    ListedInteraction,
    ListItem,
    Named,
    WrittenBy,
)

i, m, u, a, g = t.interactions, t.messages, t.users, t.agents, t.live_group

# The last message. With the index, the database reads only a few rows, even in a long conversation.
_LAST_MESSAGE_ID = (
    select(m.c.id)
    .where(m.c.interaction_id == i.c.id, m.c.kind == Kind.MESSAGE)
    .order_by(m.c.seq.desc())
    .limit(1)
    .correlate(i)
    .scalar_subquery()
)


_NEXT_TIMER = (
    select(sa.func.min(t.timers.c.due_at))
    .where(t.timers.c.interaction_id == i.c.id, t.timers.c.due_at < PARKED)
    .correlate(i)
    .scalar_subquery()
)
_WAITING_SINCE = sa.case((waiting.WITH_AGENT, waiting.WAITING_FOR_AGENT_SINCE), else_=None)


def _query(*, others: bool, limited: bool) -> sa.Select[Any]:
    """Build the query for active conversations, newest activity first. They are the agent's own, or
    (``others``) those of other agents that the agent has not joined. The latter include
    conversations without an owner, whose senders cannot get replies. ``limited``: return at most
    ``most``.
    """
    mine = select(g.c.interaction_id).where(g.c.agent_id == bindparam("me"))
    ongoing = conversations.ongoing_where(mine, others=others)
    if not limited:
        return _items().where(*ongoing)
    # Select the ids first. Otherwise the database would compute all columns of all conversations
    # before it sorts.
    first = select(i.c.id).where(*ongoing).order_by(*conversations.NEWEST_FIRST)
    return _items().where(i.c.id.in_(first.limit(bindparam("most")).correlate(None)))


def _items() -> sa.Select[Any]:
    return (
        select(
            *i.c["id", "state", "requester_number", "user_id", "assigned_to", "last_message_at"],
            i.c.hold_until,
            u.c.name.label("user_name"),
            a.c.name.label("agent_name"),
            _LAST_MESSAGE_ID.label("last_id"),
            conversations.IS_OWN.label("is_own"),
            consents.is_blocked(i.c.requester_number, i.c.provider_number_id).label("opted_out"),
            sa.type_coerce(_WAITING_SINCE, t.UtcTime()).label("waiting_since"),
            sa.type_coerce(_NEXT_TIMER, t.UtcTime()).label("timer_at"),
        )
        .outerjoin(u, u.c.id == i.c.user_id)
        .outerjoin(a, a.c.id == i.c.assigned_to)
        .order_by(*conversations.NEWEST_FIRST)
    )


NO_LABELS: list[Label] = []
# Use dictionaries, because calling an enum takes four times as long, and a list may have a thousand
# items.
_STATES, _DIRECTIONS = {one: one for one in State}, {one: one for one in Direction}
_AUTHORS, _STATUSES = {one: one for one in Author}, {one: one for one in Status}
# Build each statement once, because building it costs more than running it.
_QUERIES = {
    (others, limited): _query(others=others, limited=limited)
    for others in (False, True)
    for limited in (False, True)
}
_THANKED = _items().where(*read_positions.THANKED)
_LINES = (
    select(
        *m.c["id", "direction", "author", "agent_id", "body", "status"],
        a.c.name.label("agent_name"),
    )
    .outerjoin(a, a.c.id == m.c.agent_id)
    .where(one_of(m.c.id, "ids"))
)


def ongoing_items(
    conn: Connection, agent_id: int, *, others: bool, most: int | None = None
) -> list[ListItem]:
    """Return at most ``most`` ongoing conversations for the list pane: the agent's own or
    (``others``) those of other agents. The agent's own begin with closed conversations that have an
    unread thank-you."""
    thanked = [] if others else conn.execute(_THANKED, {"me": agent_id}).all()
    query = _QUERIES[others, most is not None]
    rows = [*thanked, *conn.execute(query, {"me": agent_id, "most": most})][:most]
    unread = {} if others else read_positions.unread(conn, [r.id for r in rows], agent_id)
    lines = conn.execute(_LINES, {"ids": [r.last_id for r in rows if r.last_id]})
    ids = [r.id for r in rows]
    labeled = labels.of_interactions(conn, ids)
    scheduled = scheduled_texts.next_of(conn, ids)
    promised = promises.next_of(conn, ids)
    targets = running_targets.of_conversations(conn, ids)
    last = {r.id: _last_line(r) for r in lines}
    return [
        ListItem(
            interaction=ListedInteraction(
                id=r.id,
                state=_STATES[r.state],
                requester_number=r.requester_number,
                user=Named(id=r.user_id, name=r.user_name) if r.user_id else None,
                assigned_to=Named(id=r.assigned_to, name=r.agent_name) if r.assigned_to else None,
                unread=unread.get(r.id, 0),
                last_message_at=r.last_message_at,
                unanswerable=why_unanswerable(r.requester_number, is_own=r.is_own),
            ),
            last=last.get(r.last_id),
            opted_out=r.opted_out,
            waiting_since=r.waiting_since,
            timer_at=r.timer_at,
            hold_until=r.hold_until if r.state == State.ON_HOLD else None,
            scheduled=scheduled.get(r.id),
            promise=promised.get(r.id),
            labels=labeled[r.id].labels if r.id in labeled else NO_LABELS,
            target=targets[r.id][0] if r.id in targets else None,
        )
        for r in rows
    ]


def _last_line(r: Any) -> LastLine:
    return LastLine(
        direction=_DIRECTIONS[r.direction],
        author=WrittenBy(kind=_AUTHORS[r.author], id=r.agent_id, name=r.agent_name),
        body=r.body,
        status=_STATUSES[r.status],
    )
