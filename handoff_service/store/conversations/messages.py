"""Reads messages for display. The number of queries does not depend on the length of the list."""

from collections.abc import Sequence

import sqlalchemy as sa
from sqlalchemy import Connection, select

from handoff_service.errors import NotFound
from handoff_service.rules.delivery.money import in_currency
from handoff_service.rules.delivery.send_errors import SendErrors
from handoff_service.rules.shared.durations import describe
from handoff_service.rules.shared.phrases import joined, phrase
from handoff_service.rules.shared.vocabulary import (
    Author,
    Direction,
    Event,
    Kind,
    Owner,
    Status,
    Work,
)
from handoff_service.store.conversations import media
from handoff_service.store.engine import tables as t
from handoff_service.store.engine.database import send_errors
from handoff_service.store.views import Medium, Message, MessageError, Price, WrittenBy

i, m = t.interactions, t.messages
REACTS_TO = "on message "  # prefix of a reaction's ``reason``, before the seq of the message


def list_(
    conn: Connection, interaction_id: int, *, after: int = 0, limit: int | None = None
) -> list[Message]:
    """Return a conversation's messages after a position, oldest first."""
    return matching(conn, [m.c.interaction_id == interaction_id, m.c.seq > after], limit=limit)


def last(conn: Connection, interaction_id: int, most: int) -> tuple[list[Message], bool]:
    """Return a conversation's last messages, oldest first, and whether there are earlier ones."""
    last = conn.execute(select(i.c.last_seq).where(i.c.id == interaction_id)).scalar() or 0
    return list_(conn, interaction_id, after=max(last - most, 0)), last > most


def reacted_since(conn: Connection, interaction_id: int, after: int) -> list[int]:
    """Return the positions of messages that got a reaction after the position ``after``. A position
    may occur several times."""
    reacts = select(m.c.reason).where(
        m.c.interaction_id == interaction_id,
        m.c.seq > after,
        m.c.event == Event.REACTION,
        m.c.reason.is_not(None),
    )
    return [int(reason.removeprefix(REACTS_TO)) for reason in conn.execute(reacts).scalars()]


def get(conn: Connection, message_id: int) -> Message:
    """Return this message. Raises NotFound for an unknown id."""
    found = matching(conn, [m.c.id == message_id])
    if not found:
        raise NotFound(phrase("There is no message {message_id}.", message_id=message_id))
    return found[0]


def first_text(conn: Connection, interaction_id: int) -> str:
    """Return the requester's first text. It is empty if they have not texted, or if the first text
    has only pictures."""
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


def matching(
    conn: Connection, where: Sequence[sa.ColumnElement[bool]], limit: int | None = None
) -> list[Message]:
    """Return the matching messages, in order of conversation and position."""
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
    media_of = media.of_messages(conn, [r.id for r in rows])
    errors = send_errors(conn)
    return [_message(r, media_of.get(r.id, []), errors) for r in rows]


def _message(r: sa.Row[tuple[object, ...]], attached: list[Medium], errors: SendErrors) -> Message:
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
        media=attached,
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
        emptied_at=r.emptied_at,
    )


def _error(r: sa.Row[tuple[object, ...]], errors: SendErrors) -> MessageError:
    explained = errors.explain(r.error_code)
    next_step: list[str] = []
    if r.status == Status.QUEUED:
        next_step = [phrase("Patchboard sends it when this is fixed.")]
    elif r.again:
        wait = describe(explained.waits[r.retries - 1])
        next_step = [phrase("It is sent again within {wait}.", wait=wait)]
    return MessageError(
        code=r.error_code,
        meaning=explained.meaning,
        advice=joined(" ", [*next_step, explained.advice]),
    )


def _price(r: sa.Row[tuple[object, ...]]) -> Price | None:
    """Add the known prices of all attempts to send the message. None if no price is known."""
    known = [price for price in (r.price, r.price_before) if price is not None]
    return Price(amount=in_currency(sum(known)), currency=r.currency) if known else None
