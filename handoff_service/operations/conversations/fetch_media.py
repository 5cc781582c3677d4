"""Media in texts: the result of fetching them. The download itself happens outside any
transaction."""

from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import select, update

from handoff_service.operations.shared.messages import notify
from handoff_service.operations.shared.uploads import StoredUpload
from handoff_service.rules.conversations.media import RefusedFile
from handoff_service.rules.shared.vocabulary import MediaStatus, Work
from handoff_service.store.engine import due_work
from handoff_service.store.engine import tables as t
from handoff_service.store.engine.lanes import Transaction

MOST_TRIES = 12  # the waits between tries add up to about an hour
LONGEST_WAIT = timedelta(minutes=30)


@dataclass(frozen=True, slots=True, kw_only=True)
class FinishFetch:
    """``result``: the stored file, the reason it was refused, or a sentence about what failed this
    time."""

    media_id: int
    attempts: int
    result: StoredUpload | RefusedFile | str


def finish_fetch(tx: Transaction, command: FinishFetch) -> MediaStatus:
    """Record the result for a media file and notify pages that show it. A failed fetch is retried
    for about an hour."""
    d = t.media
    row = tx.conn.execute(
        select(*d.c["status", "message_id"], t.messages.c.interaction_id)
        .join(t.messages, t.messages.c.id == d.c.message_id)
        .where(d.c.id == command.media_id)
        .with_for_update(of=d)
    ).one()
    if row.status != MediaStatus.WAITING:
        due_work.cancel(tx, Work.FETCH_MEDIA, [command.media_id])
        return MediaStatus(row.status)
    status, values = MediaStatus.WAITING, {}
    match command.result:
        case StoredUpload(file=file, size=size, taken=taken):
            status = MediaStatus.STORED
            values = {"file": file, "size": size, "content_type": taken.content_type, "why": None}
            values |= {"width": taken.width, "height": taken.height}
        case RefusedFile(why=why):
            status, values = MediaStatus.REFUSED, {"why": why}
        case str(why):
            status = MediaStatus.REFUSED if command.attempts >= MOST_TRIES else status
            values = {"why": why}
    tx.conn.execute(update(d).where(d.c.id == command.media_id).values(status=status, **values))
    if status is MediaStatus.WAITING:
        wait = min(timedelta(seconds=2 ** min(command.attempts, 12)), LONGEST_WAIT)
        due_work.release(tx, Work.FETCH_MEDIA, command.media_id, tx.now + wait)
    else:
        due_work.cancel(tx, Work.FETCH_MEDIA, [command.media_id])
    m = t.messages
    tx.conn.execute(update(m).where(m.c.id == row.message_id).values(changed_at=tx.now))
    notify(tx, [row.interaction_id])
    return status
