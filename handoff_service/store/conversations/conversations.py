"""Reads conversations for display. The number of queries does not depend on the length of the
list."""

from collections.abc import Iterable, Sequence
from dataclasses import replace

import sqlalchemy as sa
from sqlalchemy import Connection, func, select

from handoff_service.errors import NotFound
from handoff_service.rules.delivery.senders import why_unanswerable
from handoff_service.rules.shared.phrases import phrase
from handoff_service.rules.shared.vocabulary import Owner, State
from handoff_service.store.consent import consents
from handoff_service.store.conversations import interactions, running_targets
from handoff_service.store.conversations.identities import identities
from handoff_service.store.conversations.read_positions import unread
from handoff_service.store.desk import attributes, labels
from handoff_service.store.desk.agents import agents_by_id
from handoff_service.store.desk.users import users_on
from handoff_service.store.engine import tables as t
from handoff_service.store.engine.one_of import one_of
from handoff_service.store.views import (
    Agent,
    Identity,
    Interaction,
    Named,
    OptedOut,
    OwnedBy,
    User,
)

i, m, g = t.interactions, t.messages, t.live_group
_own = t.provider_numbers.alias("own")
IS_OWN = sa.exists().where(_own.c.number == i.c.requester_number)
NEWEST_FIRST = (i.c.last_message_at.desc(), i.c.id.desc())
OLDEST_FIRST = (i.c.id,)


def get(conn: Connection, interaction_id: int, agent_id: int | None = None) -> Interaction:
    """Return this interaction. ``agent_id``: the agent whose unread messages count. Raises NotFound
    for an unknown id."""
    found = list_(conn, [i.c.id == interaction_id], agent_id=agent_id)
    if not found:
        raise NotFound(
            phrase("There is no conversation {interaction_id}.", interaction_id=interaction_id)
        )
    return found[0]


def list_(
    conn: Connection,
    where: Sequence[sa.ColumnElement[bool]],
    *,
    agent_id: int | None = None,
    order: Sequence[sa.ColumnElement[object]] = OLDEST_FIRST,
    limit: int | None = None,
) -> list[Interaction]:
    """Return the matching interactions with all fields that pages show."""
    p, u, q = t.provider_numbers, t.users, t.queues
    query = (
        select(
            i,
            p.c.number.label("provider_number"),
            p.c.label.label("provider_label"),
            u.c.name.label("user_name"),
            q.c.name.label("queue_name"),
            IS_OWN.label("is_own"),
            consents.blocking_entry(i.c.requester_number, i.c.provider_number_id).label(
                "consent_id"
            ),
        )
        .join(p, p.c.id == i.c.provider_number_id)
        .outerjoin(u, u.c.id == i.c.user_id)
        .outerjoin(q, q.c.id == i.c.queue_id)
        .where(*where)
        .order_by(*order)
        .limit(limit)
    )
    rows = conn.execute(query).all()
    ids = [r.id for r in rows]
    groups = _live_groups(conn, ids)
    assigned = {r.assigned_to for r in rows if r.assigned_to}
    agents = agents_by_id(conn, assigned | {a for members in groups.values() for a in members})
    candidates = users_on(conn, {r.requester_number for r in rows if r.closed_at is None})
    not_read = unread(conn, ids, agent_id) if agent_id is not None else {}
    identity_of = identities(conn, rows)
    labeled = labels.of_interactions(conn, ids)
    own = attributes.of_interactions(conn, ids)
    held = consents.blocked_by(conn, {r.consent_id for r in rows if r.consent_id})
    made = [
        _interaction(
            r,
            agents=agents,
            group=groups.get(r.id, []),
            on_number=candidates.get(r.requester_number, []),
            unread=not_read.get(r.id, 0),
            identity=identity_of[r.id],
            opted_out=held.get(r.consent_id),
            labeled=labeled.get(r.id, labels.NONE),
        )
        for r in rows
    ]
    targets = running_targets.of_conversations(conn, [r.id for r in rows if not r.closed_at])
    return [
        replace(one, targets=targets.get(one.id, []), attributes=own.get(one.id, {}))
        if one.id in targets or one.id in own
        else one
        for one in made
    ]


def ongoing_where(mine: sa.Select[int], *, others: bool) -> list[sa.ColumnElement[bool]]:
    """Return the conditions for an agent's ongoing conversations, or (``others``) for those of
    other agents and those without an owner. ``mine``: a query for the ids of the conversations that
    the agent has joined.
    """
    if not others:
        return [i.c.closed_at.is_(None), i.c.owner == Owner.AGENT, i.c.id.in_(mine)]
    return [i.c.closed_at.is_(None), i.c.owner.in_([Owner.AGENT, Owner.NONE]), i.c.id.not_in(mine)]


def of_ids(conn: Connection, ids: Iterable[int], agent_id: int) -> list[Interaction]:
    """Return these interactions for this agent, in the order of ``ids``. Unknown ids are left
    out."""
    found = list_(conn, [one_of(i.c.id, [*ids])], agent_id=agent_id)
    by_id = {one.id: one for one in found}
    return [by_id[one] for one in ids if one in by_id]


_MINE = select(g.c.interaction_id).where(g.c.agent_id == sa.bindparam("me"))
_OTHERS = select(func.count()).where(*ongoing_where(_MINE, others=True))


def others_count(conn: Connection, agent_id: int) -> int:
    """Return how many active conversations are with other agents or have no owner. Conversations
    that this agent has joined do not count."""
    return conn.execute(_OTHERS, {"me": agent_id}).scalar_one()


def past(conn: Connection, of: Interaction, limit: int = 10) -> list[Interaction]:
    """Return closed interactions of the same requester number, newest first."""
    return list_(
        conn,
        [i.c.requester_number == of.requester_number, i.c.closed_at.is_not(None), i.c.id != of.id],
        order=NEWEST_FIRST,
        limit=limit,
    )


def _interaction(
    r: sa.Row[tuple[object, ...]],
    *,
    agents: dict[int, Agent],
    group: list[int],
    on_number: list[User],
    unread: int,
    identity: Identity,
    opted_out: OptedOut | None,
    labeled: labels.OfConversation,
) -> Interaction:
    owner = Owner(r.owner)
    assigned = agents.get(r.assigned_to) if r.assigned_to else None
    by = {
        Owner.AGENT: (r.assigned_to, assigned.name if assigned else None),
        Owner.QUEUE: (r.queue_id, r.queue_name),
    }.get(owner, (None, None))
    return Interaction(
        id=r.id,
        number=interactions.number(r.id),
        state=State(r.state),
        state_reason=None if r.state in (State.NEW, State.WORK_IN_PROGRESS) else r.state_reason,
        hold_until=r.hold_until if r.state == State.ON_HOLD else None,
        short_description=r.short_description,
        requester_number=r.requester_number,
        provider_number=r.provider_number,
        provider_label=r.provider_label,
        profile_id=r.profile_id,
        user=Named(id=r.user_id, name=r.user_name) if r.user_id else None,
        guest=r.user_id is None,
        candidates=[u for u in on_number if u.id != r.user_id],
        identity=identity,
        opted_out=opted_out,
        unanswerable=why_unanswerable(r.requester_number, is_own=r.is_own),
        owner=OwnedBy(kind=owner, id=by[0], name=by[1]),
        epoch=r.epoch,
        assigned_to=assigned,
        live_group=[agents[a] for a in group],
        queue=Named(id=r.queue_id, name=r.queue_name) if r.queue_id else None,
        labels=labeled.labels,
        topic=labeled.topic,
        attributes={},
        priority=r.priority,
        targets=[],
        unread=unread,
        opened_at=r.opened_at,
        closed_at=r.closed_at,
        last_message_at=r.last_message_at,
    )


def _live_groups(conn: Connection, ids: Sequence[int]) -> dict[int, list[int]]:
    query = (
        select(g.c.interaction_id, g.c.agent_id)
        .where(one_of(g.c.interaction_id, ids))
        .order_by(g.c.joined_at, g.c.agent_id)
    )
    found: dict[int, list[int]] = {}
    for r in conn.execute(query):
        found.setdefault(r[0], []).append(r[1])
    return found
