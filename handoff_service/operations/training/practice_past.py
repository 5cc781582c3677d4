"""Write the part of a practice conversation that took place before its handoff to live agents.

These messages are history: no rule reads them as commands, and nothing is sent. They exist only in
the database of a practice desk.
"""

from dataclasses import dataclass

from sqlalchemy import insert, select, update

from handoff_service.operations.shared.conversation_hints import notify
from handoff_service.rules.shared.vocabulary import (
    Author,
    Direction,
    Kind,
    MediaStatus,
    Status,
    Work,
)
from handoff_service.store.engine import due_work
from handoff_service.store.engine import tables as t
from handoff_service.store.engine.transaction import Transaction

i, m = t.interactions, t.messages
_RECEIVED = {"direction": Direction.INBOUND, "status": Status.RECEIVED}
# Always one segment, because masks in the text would change the count of segments.
_DELIVERED = {"direction": Direction.OUTBOUND, "status": Status.DELIVERED, "segments": 1}


@dataclass(frozen=True, slots=True, kw_only=True)
class PracticeLine:
    """``author``: the requester or the virtual agent. ``pictures``: the addresses of pictures at
    the provider."""

    author: Author
    body: str
    pictures: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class WritePast:
    """``interaction_id``: the conversation, which has its first text already."""

    interaction_id: int
    lines: tuple[PracticeLine, ...]


def write_past(tx: Transaction, command: WritePast) -> None:
    """Add the messages to the conversation, in this order."""
    query = select(*i.c["id", "owner", "epoch", "last_seq"]).where(i.c.id == command.interaction_id)
    here = tx.conn.execute(query.with_for_update()).one()
    for seq, line in enumerate(command.lines, here.last_seq + 1):
        row = {
            "interaction_id": here.id,
            "seq": seq,
            "kind": Kind.MESSAGE,
            "author": line.author,
            "body": line.body,
            "owner": here.owner,
            "epoch": here.epoch,
            "created_at": tx.now,
        }
        row |= _RECEIVED if line.author is Author.REQUESTER else _DELIVERED
        message_id = tx.conn.execute(insert(m).returning(m.c.id), row).scalar_one()
        for position, url in enumerate(line.pictures):
            _picture(tx, message_id, position, url)
    values = {"last_seq": here.last_seq + len(command.lines), "last_message_at": tx.now}
    tx.conn.execute(update(i).where(i.c.id == here.id).values(values))
    notify(tx, [here.id])


def _picture(tx: Transaction, message_id: int, position: int, url: str) -> None:
    """Store the picture's row, and schedule the work that fetches it."""
    row = {
        "message_id": message_id,
        "position": position,
        "url": url,
        "content_type": "image/png",
        "status": MediaStatus.WAITING,
        "created_at": tx.now,
    }
    media_id = tx.conn.execute(insert(t.media).returning(t.media.c.id), row).scalar_one()
    fetch = due_work.Due(
        kind=Work.FETCH_MEDIA, key=str(media_id), line=f"media:{media_id}", due_at=tx.now
    )
    due_work.schedule(tx, [fetch])
