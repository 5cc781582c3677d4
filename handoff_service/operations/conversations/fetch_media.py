"""Fetch the media in texts. The download runs outside any transaction; a second transaction records
its result."""

import asyncio
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import select, update

from handoff_service import log
from handoff_service.errors import MediaAway
from handoff_service.lib.image_info import picture_in
from handoff_service.operations.shared.conversation_hints import notify
from handoff_service.operations.shared.failed_job import report_given_up
from handoff_service.operations.shared.job import Job
from handoff_service.operations.shared.uploads import StoredUpload
from handoff_service.ports.sms_provider import NotFetched
from handoff_service.rules.conversations.media import RefusedFile, judge_file
from handoff_service.rules.conversations.media_failures import STORE_SILENT
from handoff_service.rules.shared.vocabulary import MediaStatus, Work
from handoff_service.store.conversations import media
from handoff_service.store.engine import claiming, due_work
from handoff_service.store.engine import tables as t
from handoff_service.store.engine.transaction import Transaction

MOST_ATTEMPTS = 12  # the waits between attempts add up to about an hour
STORE_AWAY = timedelta(seconds=30)
LONGEST_WAIT = timedelta(minutes=30)


@dataclass(frozen=True, slots=True)
class NotStored:
    """The media store does not answer. The worker repeats the download until the store answers."""

    why: str = STORE_SILENT


@dataclass(frozen=True, slots=True, kw_only=True)
class FinishFetch:
    """``result``: the stored file, the reason why the file was refused, the failure to store it, or
    a sentence that explains why this attempt to fetch it failed."""

    media_id: int
    attempts: int
    result: StoredUpload | RefusedFile | NotStored | str


def finish_fetch(tx: Transaction, command: FinishFetch) -> MediaStatus:
    """Record the result for a media file, and notify pages that show it. Returns its new status.
    The worker retries a failed fetch for about an hour, and a failure to store the file without a
    limit."""
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
        case NotStored(why=why):
            values = {"why": why}
        case str(why):
            values = {"why": why}
            if command.attempts >= MOST_ATTEMPTS:
                status, key = MediaStatus.REFUSED, command.media_id
                report_given_up(tx, Work.FETCH_MEDIA, key, command.attempts, "NotFetched")
    tx.conn.execute(update(d).where(d.c.id == command.media_id).values(status=status, **values))
    if isinstance(command.result, NotStored):
        # this attempt does not count, because no request to the provider has failed
        again, attempts = tx.now + STORE_AWAY, command.attempts - 1
        due_work.release(tx, Work.FETCH_MEDIA, command.media_id, again, attempts=attempts)
    elif status is MediaStatus.WAITING:
        wait = min(timedelta(seconds=2 ** min(command.attempts, 12)), LONGEST_WAIT)
        due_work.release(tx, Work.FETCH_MEDIA, command.media_id, tx.now + wait)
    else:
        due_work.cancel(tx, Work.FETCH_MEDIA, [command.media_id])
    m = t.messages
    tx.conn.execute(update(m).where(m.c.id == row.message_id).values(changed_at=tx.now))
    notify(tx, [row.interaction_id])
    return status


async def when_due(job: Job) -> None:
    wanted = await job.deps.store.read(media.wanted, int(job.key))
    if wanted is None:
        return await job.write(claiming.drop, job.claimed)
    result = await _fetched(job, wanted)
    finish = FinishFetch(media_id=wanted.id, attempts=job.attempts, result=result)
    status = await job.write(finish_fetch, finish)
    why = (
        result.why
        if isinstance(result, RefusedFile | NotStored)
        else result
        if isinstance(result, str)
        else None
    )
    log.info("media_fetched", media=wanted.id, status=status, attempts=job.attempts, why=why)


async def _fetched(
    job: Job, wanted: media.WantedMedium
) -> StoredUpload | RefusedFile | NotStored | str:
    """Download one media file, check its type, and store it if it is accepted."""
    content = await job.deps.provider.fetch(wanted.url)
    if isinstance(content, NotFetched):
        return content.why if content.again else RefusedFile(content.why)
    picture = await asyncio.to_thread(picture_in, content)
    verdict = judge_file(content, wanted.content_type, picture)
    if isinstance(verdict, RefusedFile):
        return verdict
    try:
        file = await asyncio.to_thread(job.deps.media.keep, content, job.deps.clock())
    except MediaAway as error:
        log.warning("media_not_stored", media=wanted.id, why=error.why)
        return NotStored()
    return StoredUpload(file=file, size=len(content), taken=verdict)
