"""The gap sweep: texts that the provider has and we do not, since their webhook was lost, are taken in once, in order.

A webhook that finds nobody is asked again at the fallback address, once, and then is gone; the text stays in the
provider's list. So after each start, each outage and every hour that list is compared with what is stored.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, insert, select, update

from handoff_service.operations.conversations.receive_sms import Attachment, Text
from handoff_service.ports import ProviderMessage
from handoff_service.rules.shared.vocabulary import Work
from handoff_service.store.delivery import restore_holds
from handoff_service.store.engine import due_work
from handoff_service.store.engine import tables as t
from handoff_service.store.engine.lanes import Transaction
from handoff_service.store.engine.one_of import one_of

EVERY = timedelta(hours=1)
AFTER_FAILURE = timedelta(minutes=1)
OVERLAP = timedelta(minutes=15)  # how far a provider's list may lag behind; ours
KEY = "provider"


@dataclass(frozen=True, slots=True)
class Sweep:
    """What to compare: these numbers of the company, since then."""

    numbers: Sequence[str]
    since: datetime
    began: datetime


@dataclass(frozen=True, slots=True)
class FinishSweep:
    """``began`` None: the provider could not be asked."""

    began: datetime | None


def want_sweep(tx: Transaction, _command: None = None) -> None:
    """Something may have been missed: compare now. Not while a restore holds what was queued before it."""
    if restore_holds.is_held(tx.conn):
        return
    due_work.schedule(tx, [due_work.Due(kind=Work.SWEEP_GAPS, key=KEY, line=KEY, due_at=tx.now)])


def begin_sweep(tx: Transaction, _command: None = None) -> Sweep:
    """What to compare now. The desk's very first sweep begins at that moment: what was there before is not its own."""
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
    """Remember how far it came, and when the next one is due."""
    if command.began is not None:
        s = t.sweeps
        tx.conn.execute(update(s).where(s.c.swept_to < command.began).values(swept_to=command.began))
    due_work.release(tx, Work.SWEEP_GAPS, KEY, tx.now + (EVERY if command.began is not None else AFTER_FAILURE))


def stored(conn: Connection, sids: Collection[str]) -> set[str]:
    """Which of the provider's ids are known."""
    query = select(t.messages.c.provider_sid).where(one_of(t.messages.c.provider_sid, sids))
    return {sid for sid in conn.execute(query).scalars() if sid is not None}


def recovered(listed: ProviderMessage, pictures: Sequence[tuple[str, str]], zone: ZoneInfo) -> Text:
    """The text as its webhook would have brought it, marked; ``zone``: in which the time is told."""
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
