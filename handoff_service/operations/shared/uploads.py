"""Pictures that agents send: stored as an upload, then attached to a text. Unsent uploads are
deleted."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import delete, func, insert, select, update

from handoff_service import log
from handoff_service.errors import BadInput
from handoff_service.operations.shared.job import Job
from handoff_service.rules.conversations.media import MOST_BYTES, MOST_FILES, AcceptedFile, in_words
from handoff_service.rules.shared.vocabulary import MediaStatus, Work
from handoff_service.store.engine import due_work
from handoff_service.store.engine import tables as t
from handoff_service.store.engine.one_of import one_of
from handoff_service.store.engine.transaction import Transaction

FORGOTTEN_AFTER = timedelta(days=1)
d = t.media


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredUpload:
    """The name of the stored file in the media folder."""

    file: str
    size: int
    taken: AcceptedFile


@dataclass(frozen=True, slots=True, kw_only=True)
class Upload:
    agent_id: int
    stored: StoredUpload


def keep_upload(tx: Transaction, command: Upload) -> int:
    """Store a picture that an agent intends to send. Returns its id for the text."""
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
    key = str(media_id)
    at = tx.now + FORGOTTEN_AFTER
    due_work.schedule(
        tx, [due_work.Due(kind=Work.FORGET_UPLOAD, key=key, line=f"upload:{key}", due_at=at)]
    )
    return media_id


def attach(tx: Transaction, message_id: int, agent_id: int, media: Sequence[int]) -> None:
    """Attach this agent's uploads to a text, in this order. BadInput when one cannot be
    attached."""
    ids = list(dict.fromkeys(media))
    if not ids:
        return
    if len(ids) > MOST_FILES:
        raise BadInput(
            errors={"media": f"must be at most {MOST_FILES} pictures; there are {len(ids)}"}
        )
    mine = one_of(d.c.id, ids) & (d.c.agent_id == agent_id) & d.c.message_id.is_(None)
    found = {
        r.id: r.size
        for r in tx.conn.execute(select(d.c.id, d.c.size).where(mine).with_for_update())
    }
    if gone := [i for i in ids if i not in found]:
        raise BadInput(
            errors={
                "media": "must be uploads of yours from the last day that were not sent yet, each "
                f"sent once; {gone[0]} is not"
            }
        )
    if sum(found.values()) > MOST_BYTES:
        together = in_words(sum(found.values()))
        raise BadInput(
            errors={
                "media": f"must be at most {in_words(MOST_BYTES)} together; they have {together}"
            }
        )
    for position, media_id in enumerate(ids):
        tx.conn.execute(
            update(d).where(d.c.id == media_id).values(message_id=message_id, position=position)
        )
    due_work.cancel(tx, Work.FORGET_UPLOAD, ids)


def forget_upload(tx: Transaction, media_id: int) -> str | None:
    """Delete an unsent upload. Returns its file's name when no other row uses the file."""
    due_work.cancel(tx, Work.FORGET_UPLOAD, [media_id])
    file = tx.conn.execute(
        delete(d).where(d.c.id == media_id, d.c.message_id.is_(None)).returning(d.c.file)
    ).scalar_one_or_none()
    if file is None:
        return None
    others = tx.conn.execute(select(func.count()).where(d.c.file == file)).scalar_one()
    return None if others else file


async def when_due(job: Job) -> None:
    file = await job.write(forget_upload, int(job.key))
    if file is not None:
        await asyncio.to_thread(job.deps.media.forget, file, job.deps.clock())
    log.debug("upload_forgotten", media=job.key)
