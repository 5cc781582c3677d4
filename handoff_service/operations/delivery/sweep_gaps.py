"""Gap sweep: find texts in the provider's list that did not arrive, because their webhook was lost.
Each text is stored once, in order.

The provider retries a failed webhook once, at the fallback address. After that, the text exists
only in the provider's list. The sweep compares that list with the stored texts after each start,
after each outage and every hour.
"""

import asyncio
import itertools
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, insert, select, update

from handoff_service import log
from handoff_service.operations.conversations.receive_sms import Attachment, Text, receive_sms
from handoff_service.operations.shared.job import Job
from handoff_service.ports.sms_provider import ProviderMessage
from handoff_service.rules.shared.vocabulary import Work
from handoff_service.store.delivery import restore_holds
from handoff_service.store.desk.desk import desk_time_zone
from handoff_service.store.engine import due_work
from handoff_service.store.engine import tables as t
from handoff_service.store.engine.one_of import one_of
from handoff_service.store.engine.transaction import Transaction

EVERY = timedelta(hours=1)
AFTER_FAILURE = timedelta(minutes=1)
OVERLAP = timedelta(minutes=15)  # each sweep goes back this much further, because the list may lag
KEY = "provider"


@dataclass(frozen=True, slots=True)
class Sweep:
    """The company numbers to compare, the start of the period, and the start of the sweep."""

    numbers: Sequence[str]
    since: datetime
    began: datetime


@dataclass(frozen=True, slots=True)
class FinishSweep:
    """``began`` None: the provider could not be reached."""

    began: datetime | None


def schedule_sweep(tx: Transaction, _command: None = None) -> None:
    """Request a sweep now, because texts may be missing. Does nothing while sends from before a
    restore are held."""
    if restore_holds.is_held(tx.conn):
        return
    due_work.schedule(tx, [due_work.Due(kind=Work.SWEEP_GAPS, key=KEY, line=KEY, due_at=tx.now)])


def begin_sweep(tx: Transaction, _command: None = None) -> Sweep:
    """The numbers and the period to compare now. The desk's first sweep compares nothing, because
    earlier texts do not belong to the desk."""
    s = t.sweeps
    swept_to = tx.conn.execute(select(s.c.swept_to)).scalar()
    if swept_to is None:
        swept_to = tx.now + OVERLAP
        tx.conn.execute(insert(s).values(swept_to=swept_to))
        numbers: Sequence[str] = ()
    else:
        p = t.provider_numbers
        numbers = tx.conn.execute(select(p.c.number).order_by(p.c.id)).scalars().all()
    return Sweep(numbers=numbers, since=swept_to - OVERLAP, began=tx.now)


def finish_sweep(tx: Transaction, command: FinishSweep) -> None:
    """Record the end of the period that was compared, and schedule the next sweep."""
    if command.began is not None:
        s = t.sweeps
        tx.conn.execute(
            update(s).where(s.c.swept_to < command.began).values(swept_to=command.began)
        )
    due_work.release(
        tx, Work.SWEEP_GAPS, KEY, tx.now + (EVERY if command.began is not None else AFTER_FAILURE)
    )


def stored(conn: Connection, sids: Collection[str]) -> set[str]:
    """The provider ids in ``sids`` whose texts are stored."""
    query = select(t.messages.c.provider_sid).where(one_of(t.messages.c.provider_sid, sids))
    return {sid for sid in conn.execute(query).scalars() if sid is not None}


def recovered(listed: ProviderMessage, pictures: Sequence[tuple[str, str]], zone: ZoneInfo) -> Text:
    """The text as its webhook would have delivered it, marked as recovered. ``zone``: the time zone
    of the displayed time."""
    at = listed.sent_at.astimezone(zone)
    return Text(
        sid=listed.sid,
        requester_number=listed.sender,
        provider_number=listed.to,
        body=listed.body.replace("\0", "\N{REPLACEMENT CHARACTER}"),
        media=tuple(Attachment(url, content_type) for url, content_type in pictures),
        recovered=f"sent {at.day} {at:%B} at {at:%H:%M}",
        sent_at=listed.sent_at,
    )


# The texts in one batch. A webhook waits for one batch at most.
RECOVERED_AT_ONCE = 100


async def when_due(job: Job) -> None:
    sweep = await job.write(begin_sweep, None)
    try:
        found = [await job.deps.provider.received(number, sweep.since) for number in sweep.numbers]
        listed = sorted(
            (one for of_number in found for one in of_number), key=lambda one: one.sent_at
        )
        known = await job.deps.store.read(stored, [one.sid for one in listed]) if listed else set()
        missed = [one for one in listed if one.sid not in known]
        zone = ZoneInfo(await job.deps.store.read(desk_time_zone))
        for some in itertools.batched(missed, RECOVERED_AT_ONCE, strict=False):
            texts = await asyncio.gather(*(_recovered(job, one, zone) for one in some))
            # the texts of a line share a lane, so they are stored in order and in few transactions
            near = [(text.provider_number, text.requester_number) for text in texts]
            take = job.deps.store.write
            await asyncio.gather(
                *(take(receive_sms, text, near=n) for text, n in zip(texts, near, strict=True))
            )
    except OSError as error:
        log.warning("sweep_failed", why=str(error))
        await job.write(finish_sweep, FinishSweep(None))
        return
    await job.write(finish_sweep, FinishSweep(sweep.began))
    job.deps.metrics.recovered.inc(len(missed))
    log.info("gaps_swept", since=sweep.since.isoformat(), listed=len(listed), recovered=len(missed))


async def _recovered(job: Job, listed: ProviderMessage, zone: ZoneInfo) -> Text:
    pictures = await job.deps.provider.pictures_of(listed.sid) if listed.pictures else ()
    return recovered(listed, pictures, zone)
