"""Texts that agents have scheduled for later.

Each text has one row here, and one row in ``due_work`` until its time. An agent must confirm a text
if the requester has texted after ``seq``, or if the conversation's ``epoch`` has changed. Queries
compare these values instead of a stored flag, so storing an incoming text needs no additional
statement.
"""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection, bindparam, delete, insert, select, update

from handoff_service.errors import NotFound
from handoff_service.rules.conversations.scheduled_texts import question
from handoff_service.rules.shared.phrases import phrase
from handoff_service.rules.shared.vocabulary import Direction, Work
from handoff_service.store.conversations.interactions import InteractionRow
from handoff_service.store.engine import due_work
from handoff_service.store.engine import tables as t
from handoff_service.store.engine.one_of import one_of
from handoff_service.store.engine.transaction import Transaction
from handoff_service.store.views import Named, NextText, ScheduledText

s, i, m, k = t.scheduled_texts, t.interactions, t.messages, t.scheduled_media
REQUESTER_WROTE = sa.exists().where(
    m.c.interaction_id == s.c.interaction_id,
    m.c.seq > s.c.seq,
    m.c.direction == Direction.INBOUND,
)
OWNER_CHANGED = s.c.epoch != i.c.epoch
_SHOWN = (
    select(s, t.agents.c.name, REQUESTER_WROTE.label("wrote"), OWNER_CHANGED.label("changed"))
    .join(i, i.c.id == s.c.interaction_id)
    .join(t.agents, t.agents.c.id == s.c.agent_id)
    .order_by(s.c.send_at, s.c.id)
)
# Build each statement once, because building it costs more than running it.
_NEXT = (
    select(
        s.c.interaction_id,
        sa.func.min(s.c.send_at, type_=s.c.send_at.type).label("send_at"),
        sa.func.max(sa.case((REQUESTER_WROTE | OWNER_CHANGED, 1), else_=0)).label("asks"),
    )
    .join(i, i.c.id == s.c.interaction_id)
    .where(one_of(s.c.interaction_id, "ids"))
    .group_by(s.c.interaction_id)
)
_OF_ONE = _SHOWN.where(s.c.interaction_id == bindparam("interaction"))
_ONE = _SHOWN.where(s.c.id == bindparam("id"))
_MEDIA = (
    select(*k.c["scheduled_text_id", "media_id"])
    .where(one_of(k.c.scheduled_text_id, "ids"))
    .order_by(k.c.scheduled_text_id, k.c.position)
)


def waiting(conn: Connection, interaction_id: int) -> list[ScheduledText]:
    """Return a conversation's scheduled texts, first due first."""
    rows = conn.execute(_OF_ONE, {"interaction": interaction_id}).all()
    media = _media(conn, [r.id for r in rows])
    return [_text(r, media.get(r.id, [])) for r in rows]


def next_of(conn: Connection, ids: Collection[int]) -> dict[int, NextText]:
    """Return each interaction's next scheduled text, by id. Interactions without one are left
    out."""
    found = conn.execute(_NEXT, {"ids": list(ids)}) if ids else ()
    return {r.interaction_id: NextText(send_at=r.send_at, asks=bool(r.asks)) for r in found}


def find(conn: Connection, text_id: int) -> ScheduledText | None:
    """Return this scheduled text; None if it was sent or canceled, or never existed."""
    row = conn.execute(_ONE, {"id": text_id}).one_or_none()
    return _text(row, _media(conn, [row.id]).get(row.id, [])) if row is not None else None


def one(conn: Connection, interaction_id: int, text_id: int) -> ScheduledText:
    """Return a scheduled text of this interaction. Raises NotFound if it was sent or canceled, or
    if it belongs to another interaction."""
    found = find(conn, text_id)
    if found is None or found.interaction_id != interaction_id:
        raise NotFound(
            phrase(
                "The scheduled text {text_id} no longer waits to be sent. Reload the page.",
                text_id=text_id,
            )
        )
    return found


def _media(conn: Connection, ids: Collection[int]) -> dict[int, list[int]]:
    """Return each scheduled text's uploads, in order."""
    found: dict[int, list[int]] = {}
    for r in conn.execute(_MEDIA, {"ids": list(ids)}) if ids else ():
        found.setdefault(r.scheduled_text_id, []).append(r.media_id)
    return found


def put(
    tx: Transaction,
    interaction: InteractionRow,
    agent_id: int,
    body: str,
    send_at: datetime,
    media: Sequence[int] = (),
) -> int:
    """Schedule a text with these uploads on a locked interaction. Returns its id."""
    values = {
        "interaction_id": interaction.id,
        "agent_id": agent_id,
        "body": body,
        "send_at": send_at,
        "seq": interaction.last_seq,
        "epoch": interaction.epoch,
        "created_at": tx.now,
    }
    text_id = tx.conn.execute(insert(s).values(values).returning(s.c.id)).scalar_one()
    rows = [
        {"scheduled_text_id": text_id, "media_id": one, "position": position}
        for position, one in enumerate(media)
    ]
    if rows:
        tx.conn.execute(insert(k), rows)
    _schedule(tx, text_id, send_at)
    return text_id


def keep(
    tx: Transaction, interaction: InteractionRow, text_id: int, agent_id: int, send_at: datetime
) -> None:
    """Confirm the text and its time. From now on, an agent must confirm it again only if the
    requester texts or the owner changes.
    """
    now = {"seq": interaction.last_seq, "epoch": interaction.epoch}
    tx.conn.execute(
        update(s).where(s.c.id == text_id).values(agent_id=agent_id, send_at=send_at, **now)
    )
    _schedule(tx, text_id, send_at)


def drop(tx: Transaction, text_ids: Collection[int]) -> None:
    """Delete these texts, because they were sent or canceled."""
    tx.conn.execute(delete(s).where(one_of(s.c.id, text_ids)))
    due_work.cancel(tx, Work.SEND_LATER, text_ids)


def _schedule(tx: Transaction, text_id: int, send_at: datetime) -> None:
    # each text has its own line of work, because work on one line runs in order
    work = due_work.Due(
        kind=Work.SEND_LATER, key=str(text_id), line=f"later:{text_id}", due_at=send_at
    )
    due_work.schedule(tx, [work])


def _text(r: Any, media: list[int]) -> ScheduledText:
    return ScheduledText(
        id=r.id,
        interaction_id=r.interaction_id,
        agent=Named(id=r.agent_id, name=r.name),
        body=r.body,
        media=media,
        send_at=r.send_at,
        question=question(requester_wrote=r.wrote, owner_changed=r.changed),
        created_at=r.created_at,
    )
