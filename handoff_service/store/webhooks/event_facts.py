"""The content of events, read at the end of the transaction that causes them."""

from collections.abc import Collection, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection, func, select

from handoff_service.rules.consent.consent_keywords import Source
from handoff_service.rules.identity.identity_level import Method
from handoff_service.rules.shared.vocabulary import (
    Author,
    Direction,
    Event,
    Kind,
    Owner,
    State,
    Status,
)
from handoff_service.rules.webhooks import payloads as p
from handoff_service.rules.webhooks.events import Line
from handoff_service.store.engine import tables as t
from handoff_service.store.engine.one_of import one_of

i, m = t.interactions, t.messages
AT_ONCE = 400  # messages in one query; SQLite allows 32,766 parameters
_CONVERSATION = (
    *i.c["id", "state", "owner", "user_id", "requester_number", "queue_id", "opened_at"],
    *i.c["closed_at", "assigned_to"],
    t.users.c.external_id,
    t.provider_numbers.c.number.label("provider_number"),
)
_FROM = i.join(t.provider_numbers, t.provider_numbers.c.id == i.c.provider_number_id).outerjoin(
    t.users, t.users.c.id == i.c.user_id
)
_before = m.alias("before")
_MEDIA = select(func.count()).where(t.media.c.message_id == m.c.id).scalar_subquery()
_LINES = select(
    m,
    _MEDIA.label("media"),
    select(_before.c.owner)
    .where(_before.c.interaction_id == m.c.interaction_id, _before.c.seq == m.c.seq - 1)
    .scalar_subquery()
    .label("owner_before"),
)


def lines(conn: Connection, places: Collection[tuple[int, int]]) -> list[Any]:
    """Return the messages at these places (interaction id, seq), in order."""
    rows: list[Any] = []
    wanted = sorted(places)
    for first in range(0, len(wanted), AT_ONCE):
        batch = wanted[first : first + AT_ONCE]
        here = sa.tuple_(m.c.interaction_id, m.c.seq).in_(batch)
        rows += conn.execute(_LINES.where(here).order_by(m.c.interaction_id, m.c.seq)).all()
    return rows


def texts(conn: Connection, message_ids: Collection[int]) -> Sequence[Any]:
    """Return these messages, in order."""
    return conn.execute(_LINES.where(one_of(m.c.id, message_ids)).order_by(m.c.id)).all()


def as_line(row: Any) -> Line:
    """Convert a message to the type that the rules use."""
    before = None if row.seq == 1 else row.owner_before
    return Line(
        kind=Kind(row.kind),
        direction=Direction(row.direction) if row.direction else None,
        event=Event(row.event) if row.event else None,
        owner=Owner(row.owner),
        owner_before=None if row.seq == 1 else Owner(before or row.owner),
    )


def as_message(row: Any) -> p.EventMessage:
    """Convert a text for its event."""
    return p.EventMessage(
        id=row.id,
        seq=row.seq,
        direction=Direction(row.direction),
        author=Author(row.author),
        agent_id=row.agent_id,
        status=Status(row.status),
        error_code=row.error_code,
        segments=row.segments,
        media=row.media,
        created_at=row.created_at,
        body=row.body,
    )


def as_status(row: Any) -> p.EventStatus:
    """Convert the delivery status of a text for its event."""
    return p.EventStatus(
        id=row.id,
        seq=row.seq,
        status=Status(row.status),
        error_code=row.error_code,
        retries=row.retries,
    )


def conversations(conn: Connection, ids: Collection[int]) -> dict[int, p.EventConversation]:
    """Return conversations for events, by id."""
    query = select(*_CONVERSATION).select_from(_FROM).where(one_of(i.c.id, ids))
    return {
        r.id: p.EventConversation(
            id=r.id,
            number=f"INT{r.id:07d}",
            state=State(r.state),
            owner=Owner(r.owner),
            user_id=r.user_id,
            external_id=r.external_id,
            requester_number=r.requester_number,
            provider_number=r.provider_number,
            queue_id=r.queue_id,
            agent_id=r.assigned_to,
            opened_at=r.opened_at,
            closed_at=r.closed_at,
        )
        for r in conn.execute(query)
    }


def ratings(conn: Connection, ids: Collection[int]) -> dict[int, p.EventRating]:
    """Return the grades of these conversations."""
    q = t.satisfaction_questions
    query = select(*q.c["interaction_id", "grade", "comment"]).where(
        one_of(q.c.interaction_id, ids), q.c.grade.is_not(None)
    )
    return {
        r.interaction_id: p.EventRating(grade=r.grade, comment=r.comment)
        for r in conn.execute(query)
    }


def identities(conn: Connection, ids: Collection[int]) -> dict[int, p.EventIdentity]:
    """Return the latest change of user in each of these conversations."""
    a = t.associations
    last = select(func.max(a.c.id)).where(one_of(a.c.interaction_id, ids))
    query = select(a).where(a.c.id.in_(last.group_by(a.c.interaction_id)))
    return {
        r.interaction_id: p.EventIdentity(
            method=Method(r.method),
            undone=r.undone_at is not None,
            agent_id=r.agent_id,
            former_user_id=r.user_id if r.undone_at else r.old_user_id,
            user_id=r.old_user_id if r.undone_at else r.user_id,
        )
        for r in conn.execute(query)
    }


def consents(conn: Connection, ids: Collection[int]) -> list[p.EventConsent]:
    """Return these entries of the consent ledger, in order."""
    c, n = t.consents, t.provider_numbers
    query = (
        select(c, n.c.number.label("provider_number"))
        .outerjoin(n, n.c.id == c.c.provider_number_id)
        .where(one_of(c.c.id, ids))
        .order_by(c.c.id)
    )
    return [
        p.EventConsent(
            number=r.number,
            provider_number=r.provider_number,
            opted_out=r.opted_out,
            source=Source(r.source),
            agent_id=r.agent_id,
            at=r.at,
            note=r.note,
        )
        for r in conn.execute(query)
    ]


def presences(conn: Connection, ids: Collection[int]) -> list[p.EventPresence]:
    """Return these entries of the presence log, in order."""
    g = t.presence_log
    rows = conn.execute(select(g).where(one_of(g.c.id, ids)).order_by(g.c.id))
    return [
        p.EventPresence(
            agent_id=r.agent_id, presence=r.presence, automatic_reason=r.reason, since=r.since
        )
        for r in rows
    ]
