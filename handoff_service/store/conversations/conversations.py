"""Conversations for display. Each list takes a fixed number of queries, however long it is."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection, func, select

from handoff_service.errors import NotFound
from handoff_service.rules.delivery.money import in_currency
from handoff_service.rules.delivery.send_errors import SendErrors
from handoff_service.rules.delivery.senders import why_unanswerable
from handoff_service.rules.identity.identity_level import Level, Method, Proof, level
from handoff_service.rules.shared.durations import describe
from handoff_service.rules.shared.vocabulary import (
    Author,
    Direction,
    Event,
    Kind,
    Owner,
    State,
    Status,
    Work,
)
from handoff_service.store.consent import consents
from handoff_service.store.conversations import interactions, media
from handoff_service.store.desk import labels
from handoff_service.store.desk.agents import agents_by_id
from handoff_service.store.desk.users import users_on
from handoff_service.store.engine import tables as t
from handoff_service.store.engine.database import read_at, send_errors
from handoff_service.store.engine.one_of import one_of
from handoff_service.store.views import (
    Agent,
    Identity,
    Interaction,
    Medium,
    Message,
    MessageError,
    Named,
    OptedOut,
    OwnedBy,
    Price,
    User,
    WrittenBy,
)

i, m, g = t.interactions, t.messages, t.live_group
_own = t.provider_numbers.alias("own")
IS_OWN = sa.exists().where(_own.c.number == i.c.requester_number)
REACTS_TO = "on message "  # precedes the message's position in the line of a reaction
NEWEST_FIRST = (i.c.last_message_at.desc(), i.c.id.desc())
OLDEST_FIRST = (i.c.id,)


def get(conn: Connection, interaction_id: int, agent_id: int | None = None) -> Interaction:
    """One interaction for this agent. Raises NotFound for an unknown id."""
    found = list_(conn, [i.c.id == interaction_id], agent_id=agent_id)
    if not found:
        raise NotFound(f"There is no interaction {interaction_id}.")
    return found[0]


def list_(
    conn: Connection,
    where: Sequence[sa.ColumnElement[bool]],
    *,
    agent_id: int | None = None,
    order: Sequence[sa.ColumnElement[object]] = OLDEST_FIRST,
    limit: int | None = None,
) -> list[Interaction]:
    """The matching interactions with all displayed fields."""
    p, u, q = t.provider_numbers, t.users, t.queues
    query = (
        select(
            i,
            p.c.number.label("provider_number"),
            p.c.label.label("provider_label"),
            u.c.name.label("user_name"),
            q.c.name.label("queue_name"),
            IS_OWN.label("is_own"),
            consents.stands(i.c.requester_number, i.c.provider_number_id).label("consent_id"),
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
    sure = identities(conn, rows)
    labeled = labels.of_interactions(conn, ids)
    held = consents.held_by(conn, {r.consent_id for r in rows if r.consent_id})
    return [
        _interaction(
            r,
            agents=agents,
            group=groups.get(r.id, []),
            on_number=candidates.get(r.requester_number, []),
            unread=not_read.get(r.id, 0),
            identity=sure[r.id],
            opted_out=held.get(r.consent_id),
            labeled=labeled.get(r.id, labels.NONE),
        )
        for r in rows
    ]


def ongoing_where(mine: sa.Select[int], *, others: bool) -> list[sa.ColumnElement[bool]]:
    """What holds of an agent's ongoing conversations, or of the others; ``mine``: the ids of those
    the agent is in."""
    if not others:
        return [i.c.closed_at.is_(None), i.c.owner == Owner.AGENT, i.c.id.in_(mine)]
    return [i.c.closed_at.is_(None), i.c.owner.in_([Owner.AGENT, Owner.NONE]), i.c.id.not_in(mine)]


def ongoing(conn: Connection, agent_id: int, *, others: bool) -> list[Interaction]:
    """Active conversations with live agents, newest activity first: mine, or those of other agents
    that I have not joined. The others include those of nobody, whose senders cannot be answered."""
    mine = select(g.c.interaction_id).where(g.c.agent_id == agent_id)
    return list_(conn, ongoing_where(mine, others=others), agent_id=agent_id, order=NEWEST_FIRST)


_MINE = select(g.c.interaction_id).where(g.c.agent_id == sa.bindparam("me"))
_OTHERS = select(func.count()).where(*ongoing_where(_MINE, others=True))


def others_count(conn: Connection, agent_id: int) -> int:
    """How many active conversations are with other agents or with nobody."""
    return conn.execute(_OTHERS, {"me": agent_id}).scalar_one()


_NEWEST_UNREAD = (
    select(g.c.interaction_id, func.max(m.c.id))
    .join(i, i.c.id == g.c.interaction_id)
    .join(m, m.c.interaction_id == g.c.interaction_id)
    .where(g.c.agent_id == sa.bindparam("me"), i.c.closed_at.is_(None), i.c.owner == Owner.AGENT)
    .where(m.c.direction == Direction.INBOUND, m.c.seq > g.c.read_seq)
    .group_by(g.c.interaction_id)
)
# A separate statement: with both in one, neither index is used. There is hardly ever a row.
THANKED = (i.c.thanked_seq.is_not(None), i.c.assigned_to == sa.bindparam("me"))
_NEWEST_THANKS = select(i.c.id, m.c.id).join(
    m, (m.c.interaction_id == i.c.id) & (m.c.seq == i.c.thanked_seq)
)
_NEWEST_THANKS = _NEWEST_THANKS.where(*THANKED)


def newest_unread(conn: Connection, agent_id: int) -> dict[int, int]:
    """My conversations with unread messages -> the id of the newest unread one: ongoing ones, and
    closed ones with thanks after closing."""
    found = [
        row
        for query in (_NEWEST_UNREAD, _NEWEST_THANKS)
        for row in conn.execute(query, {"me": agent_id})
    ]
    return {r[0]: r[1] for r in found}


def unread_conversations(conn: Connection, agent_id: int) -> int:
    """The number of my conversations with unread messages: the tab's badge."""
    return len(newest_unread(conn, agent_id))


def read_seq(conn: Connection, interaction_id: int, agent_id: int) -> int | None:
    """This agent's read position. None outside the live group."""
    query = select(g.c.read_seq).where(
        g.c.interaction_id == interaction_id, g.c.agent_id == agent_id
    )
    return conn.execute(query).scalar()


def messages(
    conn: Connection, interaction_id: int, *, after: int = 0, limit: int | None = None
) -> list[Message]:
    """A conversation's lines after a position, oldest first."""
    return some_messages(conn, [m.c.interaction_id == interaction_id, m.c.seq > after], limit=limit)


def last_messages(conn: Connection, interaction_id: int, most: int) -> tuple[list[Message], bool]:
    """A conversation's last lines, oldest first, and whether there are earlier ones."""
    last = conn.execute(select(i.c.last_seq).where(i.c.id == interaction_id)).scalar() or 0
    return messages(conn, interaction_id, after=max(last - most, 0)), last > most


def reacted_since(conn: Connection, interaction_id: int, after: int) -> list[int]:
    """Positions of the messages that reaction lines after ``after`` refer to. May repeat."""
    reacts = select(m.c.reason).where(
        m.c.interaction_id == interaction_id,
        m.c.seq > after,
        m.c.event == Event.REACTION,
        m.c.reason.is_not(None),
    )
    return [int(reason.removeprefix(REACTS_TO)) for reason in conn.execute(reacts).scalars()]


def message(conn: Connection, message_id: int) -> Message:
    """One line. Raises NotFound for an unknown id."""
    found = some_messages(conn, [m.c.id == message_id])
    if not found:
        raise NotFound(f"There is no message {message_id}.")
    return found[0]


def past(conn: Connection, of: Interaction, limit: int = 10) -> list[Interaction]:
    """Closed interactions of the same requester number, newest first."""
    return list_(
        conn,
        [i.c.requester_number == of.requester_number, i.c.closed_at.is_not(None), i.c.id != of.id],
        order=NEWEST_FIRST,
        limit=limit,
    )


def first_text(conn: Connection, interaction_id: int) -> str:
    """The requester's first text. Empty when they have not written, or have sent only pictures."""
    query = (
        select(m.c.body)
        .where(
            m.c.interaction_id == interaction_id,
            m.c.kind == Kind.MESSAGE,
            m.c.direction == Direction.INBOUND,
        )
        .order_by(m.c.seq)
        .limit(1)
    )
    return conn.execute(query).scalar() or ""


_WAITS_TO_BE_SENT = sa.exists().where(
    t.due_work.c.kind == Work.DELIVER, t.due_work.c.key == sa.cast(m.c.id, sa.Text)
)
_AGAIN = sa.case((m.c.retries > 0, _WAITS_TO_BE_SENT), else_=sa.false()).label("again")


def some_messages(
    conn: Connection, where: Sequence[sa.ColumnElement[bool]], limit: int | None = None
) -> list[Message]:
    """The matching lines, by conversation and position."""
    a, u = t.agents, t.users
    query = (
        select(
            m,
            a.c.name.label("agent_name"),
            u.c.id.label("user_id"),
            u.c.name.label("user_name"),
            _AGAIN,
        )
        .join(i, i.c.id == m.c.interaction_id)
        .outerjoin(a, a.c.id == m.c.agent_id)
        .outerjoin(u, u.c.id == i.c.user_id)
        .where(*where)
        .order_by(m.c.interaction_id, m.c.seq)
        .limit(limit)
    )
    rows = conn.execute(query).all()
    with_them = media.of_messages(conn, [r.id for r in rows])
    errors = send_errors(conn)
    return [_message(r, with_them.get(r.id, []), errors) for r in rows]


def _message(r: sa.Row[tuple[object, ...]], with_it: list[Medium], errors: SendErrors) -> Message:
    author = Author(r.author)
    by = {
        Author.REQUESTER: (r.user_id, r.user_name),
        Author.AGENT: (r.agent_id, r.agent_name),
    }.get(author, (None, None))
    return Message(
        id=r.id,
        interaction_id=r.interaction_id,
        seq=r.seq,
        kind=Kind(r.kind),
        direction=Direction(r.direction) if r.direction else None,
        author=WrittenBy(kind=author, id=by[0], name=by[1]),
        body=r.body,
        media=with_it,
        status=Status(r.status) if r.status else None,
        error=_error(r, errors) if r.error_code is not None else None,
        segments=r.segments,
        encoding=r.encoding,
        provider_sid=r.provider_sid,
        price=_price(r),
        event=Event(r.event) if r.event else None,
        reason=r.reason,
        owner=Owner(r.owner),
        epoch=r.epoch,
        created_at=r.created_at,
        sent_at=r.sent_at,
        reaction=r.reaction,
    )


def _error(r: sa.Row[tuple[object, ...]], errors: SendErrors) -> MessageError:
    explained = errors.explain(r.error_code)
    then = ""
    if r.status == Status.QUEUED:
        then = "It goes out by itself when that is over. "
    elif r.again:
        then = f"It is sent again within {describe(explained.waits[r.retries - 1])}. "
    return MessageError(
        code=r.error_code, meaning=explained.meaning, advice=then + explained.advice
    )


def _price(r: sa.Row[tuple[object, ...]]) -> Price | None:
    """The total price of all tries, as far as known."""
    known = [price for price in (r.price, r.price_before) if price is not None]
    return Price(amount=in_currency(sum(known)), currency=r.currency) if known else None


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
        priority=r.priority,
        unread=unread,
        opened_at=r.opened_at,
        closed_at=r.closed_at,
        last_message_at=r.last_message_at,
    )


a = t.associations
_PROOFS = (
    select(a, t.agents.c.name.label("by"))
    .outerjoin(t.agents, t.agents.c.id == a.c.agent_id)
    .where(
        a.c.id.in_(
            select(func.max(a.c.id))
            .where(a.c.undone_at.is_(None), one_of(a.c.profile_id, "profiles"))
            .group_by(a.c.profile_id)
        )
    )
)


def identities(conn: Connection, rows: Sequence[Any]) -> dict[int, Identity]:
    """interaction id -> its user's identity level, by the profile's last proof that was not
    undone."""
    found = conn.execute(_PROOFS, {"profiles": {r.profile_id for r in rows}})
    proofs = {r.profile_id: r for r in found}
    return {r.id: identity(r.user_id, proofs.get(r.profile_id), read_at(conn)) for r in rows}


def identity(user_id: int | None, r: Any, now: datetime) -> Identity:
    """The identity level of a user. ``r``: the last proof of the number that was not undone, or
    None, with the name ``by``."""
    proof = Proof(user_id=r.user_id, expires_at=r.expires_at) if r is not None else None
    found = level(user_id, proof, now)
    if r is None or found is not Level.VERIFIED:
        return Identity(level=found)
    return Identity(
        level=found,
        method=Method(r.method),
        verified_at=r.made_at,
        expires_at=r.expires_at,
        verified_by=r.by,
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


_UNREAD = (
    select(m.c.interaction_id, func.count())
    .join(g, (g.c.interaction_id == m.c.interaction_id) & (g.c.agent_id == sa.bindparam("me")))
    .where(
        one_of(g.c.interaction_id, "ids"),
        m.c.seq > g.c.read_seq,
        m.c.direction == Direction.INBOUND,
    )
    .group_by(m.c.interaction_id)
)


def unread(conn: Connection, ids: Sequence[int], agent_id: int) -> dict[int, int]:
    """interaction id -> how many of the requester's messages this agent has not read. Has no entry
    outside the live group."""
    if not ids:
        return {}
    return {r[0]: r[1] for r in conn.execute(_UNREAD, {"me": agent_id, "ids": ids})}
