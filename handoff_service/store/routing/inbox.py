"""An agent's inbox, and work items with their offers."""

from collections.abc import Collection

import sqlalchemy as sa
from sqlalchemy import Connection, select

from handoff_service.errors import NotFound
from handoff_service.rules.routing.offer_card import any_of_user, shown
from handoff_service.rules.shared.phrases import phrase
from handoff_service.rules.shared.vocabulary import OfferOutcome, WorkItemState
from handoff_service.store.conversations import conversations, identities
from handoff_service.store.engine import tables as t
from handoff_service.store.engine.one_of import one_of
from handoff_service.store.routing.offer_facts import offer_facts
from handoff_service.store.views import (
    CandidateLine,
    DecisionLine,
    InboxOffer,
    Interaction,
    Named,
    Offered,
    PastOffer,
    TransferNow,
    WorkItem,
)
from handoff_service.store.virtual_agent import bot_turns

o, w, i = t.offers, t.work_items, t.interactions

# Build the statement once, because building it costs more than running it.
_OFFERED = (
    select(
        *w.c["reason", "collected", "note", "from_agent_id", "created_at"],
        *o.c["work_item_id", "offered_at", "expires_at"],
        *i.c["id", "requester_number", "profile_id", "user_id"],
        t.users.c.name.label("user_name"),
        t.queues.c.name.label("queue_name"),
        t.provider_numbers.c.label.label("provider_label"),
        t.agents.c.name.label("sender"),
        select(t.desk.c.card_fields).scalar_subquery().label("card_fields"),
    )
    .join(w, w.c.id == o.c.work_item_id)
    .join(i, i.c.id == w.c.interaction_id)
    .join(t.queues, t.queues.c.id == w.c.queue_id)
    .join(t.provider_numbers, t.provider_numbers.c.id == i.c.provider_number_id)
    .outerjoin(t.users, t.users.c.id == i.c.user_id)
    .outerjoin(t.agents, t.agents.c.id == w.c.from_agent_id)
    .where(o.c.agent_id == sa.bindparam("me"), o.c.outcome.is_(None))
    .order_by(o.c.expires_at, o.c.work_item_id)
)


def inbox(conn: Connection, agent_id: int) -> list[InboxOffer]:
    """Return the work that is offered to this agent. The offer that expires first comes first."""
    rows = conn.execute(
        select(
            *w.c["id", "interaction_id", "reason", "collected", "note", "from_agent_id"],
            w.c.created_at,
            *o.c["offered_at", "expires_at"],
            t.agents.c.name.label("sender"),
        )
        .join(w, w.c.id == o.c.work_item_id)
        .outerjoin(t.agents, t.agents.c.id == w.c.from_agent_id)
        .where(o.c.agent_id == agent_id, o.c.outcome.is_(None))
        .order_by(o.c.expires_at, o.c.id)
    ).all()
    found = conversations.list_(
        conn, [one_of(t.interactions.c.id, [r.interaction_id for r in rows])], agent_id=agent_id
    )
    by_id = {one.id: one for one in found}
    facts = offer_facts(conn, list(by_id))
    fields = conn.execute(select(t.desk.c.card_fields)).scalar() or []
    users = (
        _of_users(conn, {one.user.id for one in found if one.user}) if any_of_user(fields) else {}
    )
    return [
        InboxOffer(
            id=r.id,
            interaction=by_id[r.interaction_id],
            reason=r.reason,
            collected=r.collected,
            card=shown(fields, r.collected, users.get(_user_id(by_id[r.interaction_id]), {})),
            sender=Named(id=r.from_agent_id, name=r.sender)
            if r.from_agent_id is not None
            else None,
            note=r.note,
            waits_since=r.created_at,
            offered_at=r.offered_at,
            expires_at=r.expires_at,
            **facts[r.interaction_id],
        )
        for r in rows
    ]


def offered(conn: Connection, agent_id: int) -> list[Offered]:
    """Like ``inbox``, but only with the fields of cards and notifications, because pages read it
    after every hint."""
    rows = conn.execute(_OFFERED, {"me": agent_id}).all()
    if not rows:
        return []
    known = identities.identities(conn, rows)
    facts = offer_facts(conn, [r.id for r in rows])
    fields = rows[0].card_fields or []
    users = _of_users(conn, {r.user_id for r in rows if r.user_id}) if any_of_user(fields) else {}
    return [
        Offered(
            id=r.work_item_id,
            user=Named(id=r.user_id, name=r.user_name) if r.user_id else None,
            requester_number=r.requester_number,
            level=known[r.id].level,
            queue=r.queue_name,
            provider_label=r.provider_label,
            reason=r.reason,
            card=shown(fields, r.collected, users.get(r.user_id, {})),
            sender=Named(id=r.from_agent_id, name=r.sender)
            if r.from_agent_id is not None
            else None,
            note=r.note,
            waits_since=r.created_at,
            offered_at=r.offered_at,
            expires_at=r.expires_at,
            **facts[r.id],
        )
        for r in rows
    ]


def _user_id(interaction: Interaction) -> int | None:
    return interaction.user.id if interaction.user else None


def _of_users(conn: Connection, ids: Collection[int]) -> dict[int | None, dict[str, object]]:
    """Return the fields of these users that a card can show, by user id."""
    u = t.users
    rows = conn.execute(
        select(*u.c["id", "external_id", "email", "attributes"]).where(one_of(u.c.id, ids))
    )
    return {r.id: {**r.attributes, "external_id": r.external_id, "email": r.email} for r in rows}


def transfer_of(conn: Connection, interaction_id: int) -> TransferNow | None:
    """Return the pending transfer to an agent; None if there is none."""
    a = t.agents
    sender, recipient = a.alias("sender"), a.alias("asked")
    row = conn.execute(
        select(
            *sender.c["id", "name"],
            recipient.c.id.label("to_id"),
            recipient.c.name.label("to_name"),
            o.c.expires_at,
        )
        .join(o, (o.c.work_item_id == w.c.id) & o.c.outcome.is_(None))
        .join(sender, sender.c.id == w.c.from_agent_id)
        .join(recipient, recipient.c.id == w.c.for_agent_id)
        .where(w.c.interaction_id == interaction_id, w.c.state == WorkItemState.PENDING_ACCEPT)
    ).one_or_none()
    if row is None:
        return None
    return TransferNow(
        by=Named(id=row.id, name=row.name),
        to=Named(id=row.to_id, name=row.to_name),
        expires_at=row.expires_at,
    )


def handoff_of(conn: Connection, interaction_id: int) -> WorkItem | None:
    """Return the latest work item of an interaction, with the handoff reason and the collected
    facts. A transfer to an agent counts only after the agent has accepted it. None if there is no
    such work item."""
    counts = w.c.for_agent_id.is_(None) | (w.c.state == WorkItemState.ACCEPTED)
    query = (
        select(w.c.id)
        .where(w.c.interaction_id == interaction_id, counts)
        .order_by(w.c.id.desc())
        .limit(1)
    )
    found = conn.execute(query).scalar()
    return None if found is None else work_item(conn, found)


def work_item(conn: Connection, work_item_id: int) -> WorkItem:
    """Return this work item with all offers and decisions, oldest first. Raises NotFound for an
    unknown id."""
    row = conn.execute(
        select(w, t.queues.c.name.label("queue_name"))
        .join(t.queues, t.queues.c.id == w.c.queue_id)
        .where(w.c.id == work_item_id)
    ).one_or_none()
    if row is None:
        raise NotFound(phrase("There is no work item {id}.", id=work_item_id))
    g = t.assignment_log
    decisions = conn.execute(
        select(g).where(g.c.work_item_id == work_item_id).order_by(g.c.id)
    ).all()
    names = {r.id: r.name for r in conn.execute(select(t.agents.c.id, t.agents.c.name))}
    offers = conn.execute(
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
            for r in offers
        ],
        decisions=[_decision(r, names) for r in decisions],
        bot_turns=bot_turns.last_seen(conn, row.interaction_id, row.created_at),
        created_at=row.created_at,
        ended_at=row.ended_at,
    )


def _decision(r: sa.Row[tuple[object, ...]], names: dict[int, str]) -> DecisionLine:
    lines = [
        CandidateLine(
            agent=Named(id=agent, name=names.get(agent, "")),
            joins_after=after,
            chosen=chosen,
            why=why,
        )
        for after, chosen, why, agents in r.candidates
        for agent in agents
    ]
    return DecisionLine(at=r.at, round=r.round, said=r.said, candidates=lines)


def _named(names: dict[int, str], agent_id: int | None) -> Named | None:
    return Named(id=agent_id, name=names[agent_id]) if agent_id is not None else None
