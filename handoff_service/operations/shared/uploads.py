"""Pictures that agents send. A picture is stored as an upload and then attached to a text. Unsent
uploads are deleted after a day (``FORGOTTEN_AFTER``)."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import delete, func, insert, select, update

from handoff_service import log
from handoff_service.errors import BadInput, MediaAway
from handoff_service.operations.shared.job import Job
from handoff_service.rules.conversations.media import MOST_BYTES, MOST_FILES, AcceptedFile, in_words
from handoff_service.rules.shared.phrases import phrase
from handoff_service.rules.shared.vocabulary import MediaStatus, Work
from handoff_service.store.engine import due_work
from handoff_service.store.engine import tables as t
from handoff_service.store.engine.one_of import one_of
from handoff_service.store.engine.transaction import Transaction

STORE_AWAY = timedelta(minutes=10)  # the wait before another attempt to delete a file
_FILE = "file:"  # the prefix of the keys of work that deletes a file without a row
FORGOTTEN_AFTER = timedelta(days=1)
d = t.media


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredUpload:
    """A stored picture. ``file``: its name in the media store. ``size``: in bytes."""

    file: str
    size: int
    taken: AcceptedFile


@dataclass(frozen=True, slots=True, kw_only=True)
class Upload:
    agent_id: int
    stored: StoredUpload


def keep_upload(tx: Transaction, command: Upload) -> int:
    """Store a picture that an agent may send. Returns its id. Raises BadInput if the provider
    cannot send pictures."""
    if not tx.settings.sends_pictures:
        raise BadInput(
            phrase("Pictures cannot be sent from this desk. Describe the picture, or send a link.")
        )
    taken = command.stored.taken
    media_id: int = tx.conn.execute(
        insert(d)
        .values(
            position=0,
            agent_id=command.agent_id,
            content_type=taken.content_type,
            status=MediaStatus.STORED,
            file=command.stored.file,
            size=command.stored.size,
            width=taken.width,
            height=taken.height,
            created_at=tx.now,
        )
        .returning(d.c.id)
    ).scalar_one()
    _forget_later(tx, [media_id])
    return media_id


def attach(tx: Transaction, message_id: int, agent_id: int, media: Sequence[int]) -> None:
    """Attach this agent's uploads to a text, in this order. Raises BadInput when an upload cannot
    be attached."""
    ids = _sendable(tx, agent_id, media)
    for position, media_id in enumerate(ids):
        tx.conn.execute(
            update(d).where(d.c.id == media_id).values(message_id=message_id, position=position)
        )
    due_work.cancel(tx, Work.FORGET_UPLOAD, ids)


def hold(tx: Transaction, agent_id: int, media: Sequence[int]) -> list[int]:
    """Keep this agent's uploads for a scheduled text. Returns their ids in order. Raises BadInput
    when an upload cannot be attached."""
    ids = _sendable(tx, agent_id, media)
    due_work.cancel(tx, Work.FORGET_UPLOAD, ids)
    return ids


def hand_over(tx: Transaction, agent_id: int, media: Sequence[int]) -> None:
    """Make the agent who sends a scheduled text the owner of its uploads."""
    if media:
        tx.conn.execute(update(d).where(one_of(d.c.id, media)).values(agent_id=agent_id))


def release(tx: Transaction, media: Sequence[int]) -> None:
    """Schedule the deletion of a canceled text's uploads for a day later."""
    _forget_later(tx, media)


def _sendable(tx: Transaction, agent_id: int, media: Sequence[int]) -> list[int]:
    ids = list(dict.fromkeys(media))
    if not ids:
        return []
    if len(ids) > MOST_FILES:
        raise BadInput(
            errors={
                "media": phrase(
                    "A text can have up to {most} files; this one has {number}",
                    most=MOST_FILES,
                    number=len(ids),
                )
            }
        )
    held = select(t.scheduled_media.c.media_id)
    mine = one_of(d.c.id, ids) & (d.c.agent_id == agent_id) & d.c.message_id.is_(None)
    mine &= d.c.id.not_in(held)
    found = {
        r.id: r.size
        for r in tx.conn.execute(select(d.c.id, d.c.size).where(mine).with_for_update())
    }
    if len(found) < len(ids):
        raise BadInput(
            errors={
                "media": phrase(
                    "A picture has expired or was already sent, or another agent uploaded "
                    "it. Attach it again"
                )
            }
        )
    if sum(found.values()) > MOST_BYTES:
        together = in_words(sum(found.values()))
        raise BadInput(
            errors={
                "media": phrase(
                    "The files total {size}. The limit is {most}",
                    size=together,
                    most=in_words(MOST_BYTES),
                )
            }
        )
    return ids


def _forget_later(tx: Transaction, media: Sequence[int]) -> None:
    at = tx.now + FORGOTTEN_AFTER
    works = [
        due_work.Due(kind=Work.FORGET_UPLOAD, key=str(one), line=f"upload:{one}", due_at=at)
        for one in media
    ]
    if works:
        due_work.schedule(tx, works)


def forget_upload(tx: Transaction, media_id: int) -> str | None:
    """Delete an unsent upload. Returns its file's name. None if another row uses the file, or if
    there is no such upload."""
    due_work.cancel(tx, Work.FORGET_UPLOAD, [media_id])
    file = tx.conn.execute(
        delete(d).where(d.c.id == media_id, d.c.message_id.is_(None)).returning(d.c.file)
    ).scalar_one_or_none()
    if file is None:
        return None
    others = tx.conn.execute(select(func.count()).where(d.c.file == file)).scalar_one()
    return None if others else file


def forget_file_later(tx: Transaction, file: str) -> None:
    """Schedule another attempt to delete a file, because the media store was unavailable."""
    at = tx.now + STORE_AWAY
    work = due_work.Due(
        kind=Work.FORGET_UPLOAD, key=f"{_FILE}{file}", line=f"upload:{file}", due_at=at
    )
    due_work.schedule(tx, [work])


def forget_file(tx: Transaction, file: str) -> str | None:
    """Begin another attempt to delete a file: remove its due work. Returns the file's name if no
    row uses the file, so that the caller can delete it, and else None."""
    due_work.cancel(tx, Work.FORGET_UPLOAD, [f"{_FILE}{file}"])
    others = tx.conn.execute(select(func.count()).where(d.c.file == file)).scalar_one()
    return None if others else file


async def when_due(job: Job) -> None:
    if job.key.startswith(_FILE):
        file = await job.write(forget_file, job.key.removeprefix(_FILE))
    else:
        file = await job.write(forget_upload, int(job.key))
    if file is not None:
        try:
            await asyncio.to_thread(job.deps.media.forget, file, job.deps.clock())
        except MediaAway as error:
            log.warning("upload_not_forgotten", file=file, why=error.why)
            await job.deps.store.write(forget_file_later, file)
    log.debug("upload_forgotten", media=job.key)
