"""Tell the provider who may be texted, of each change that it cannot know: so nothing else in its account texts them.

What the provider itself knows comes the other way: by what it refuses (21610), by what it answers (``OptOutType``), and
by the gap sweep, which takes in a STOP whose webhook was lost. What is told is how things stand, so telling it twice is
telling it once.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import select, update

from handoff_service.operations.ports import Telling
from handoff_service.rules.consent import EVERY_NUMBER, Source
from handoff_service.rules.vocabulary import Work
from handoff_service.store import consents, due
from handoff_service.store import tables as t
from handoff_service.store.lanes import Transaction
from handoff_service.store.several import one_of
from handoff_service.store.views import Consent

MOST = 25  # entries at once, which is as many as Twilio takes
EVERY = timedelta(hours=1)  # a look at what waits, though nobody asked for it
PAUSE = timedelta(seconds=1)  # between batches: Twilio takes 100 requests a minute
AFTER_FAILURE = timedelta(minutes=1)
NOT_OFFERED = timedelta(hours=6)  # an account that has no such list gets one by writing to the provider
KEY = "consent"

c, o, p = t.consents, t.opt_outs, t.provider_numbers


@dataclass(frozen=True, slots=True)
class Batch:
    """Entries of the ledger that are to be told, and what there is to tell of them, which may be nothing."""

    entries: Sequence[int]
    tellings: Sequence[Telling]


@dataclass(frozen=True, slots=True)
class Told:
    """``faults``: number -> what the provider said against it."""

    entries: Sequence[int]
    faults: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class NotTold:
    """The provider could not be asked, or (``offered`` false) keeps no such list for this account."""

    entries: Sequence[int]
    why: str
    offered: bool = True


def wanted(tx: Transaction, _command: None = None) -> None:
    """There may be something to tell. In the transaction of a change: before the change is written."""
    due.arm(tx, [due.Due(kind=Work.TELL_CONSENTS, key=KEY, line=KEY, due_at=tx.now)])


def begin_telling(tx: Transaction, _command: None = None) -> Batch:
    """What to tell now."""
    rows = tx.conn.execute(select(c.c.id, c.c.number).where(t.IS_UNTOLD).order_by(c.c.id).limit(MOST)).all()
    entries = [row.id for row in rows]
    return Batch(entries, list(_tellings(tx, list(dict.fromkeys(row.number for row in rows)))))


def finish_telling(tx: Transaction, told: Told) -> None:
    """These are told. The row of due work is held first: whoever changes consent meanwhile waits for it, or is seen."""
    due.release(tx, Work.TELL_CONSENTS, KEY, tx.now + EVERY)
    for number in {*told.faults, None}:
        values = {"told_at": tx.now, "told_why": told.faults[number] if number is not None else None}
        which = c.c.number == number if number is not None else c.c.number.not_in(list(told.faults))
        tx.conn.execute(update(c).where(one_of(c.c.id, told.entries), which).values(values))
    if tx.conn.execute(select(c.c.id).where(t.IS_UNTOLD).limit(1)).scalar() is not None:
        due.release(tx, Work.TELL_CONSENTS, KEY, tx.now + PAUSE)


def put_off_telling(tx: Transaction, failed: NotTold) -> None:
    """These still wait, and the ledger says why."""
    tx.conn.execute(update(c).where(one_of(c.c.id, failed.entries)).values(told_why=failed.why))
    due.release(tx, Work.TELL_CONSENTS, KEY, tx.now + (AFTER_FAILURE if failed.offered else NOT_OFFERED))


def _tellings(tx: Transaction, numbers: Sequence[str]) -> Iterator[Telling]:
    """How things stand for each of these numbers with each of the company's senders: a number, or a whole service."""
    senders: dict[str, dict[int, str | None]] = {}
    for row in tx.conn.execute(select(*p.c["id", "number", "messaging_service"]).order_by(p.c.id)):
        of_sender = senders.setdefault(row.messaging_service or row.number, {EVERY_NUMBER: None})
        of_sender[row.id] = row.number
    known = consents.of_numbers(tx.conn, numbers)
    holding: dict[str, dict[int, int]] = {number: {} for number in numbers}
    for row in tx.conn.execute(select(o).where(one_of(o.c.number, numbers))):
        holding[row.number][row.provider_number_id] = row.consent_id
    for number in numbers:
        for place, (sender, where) in enumerate(senders.items()):
            by = _by(known[number], holding[number], where)
            if by is not None and by.source is not Source.PROVIDER:
                yield Telling(
                    reference=f"{by.id:016x}{place:016x}",
                    number=number,
                    sender=sender,
                    opted_out=by.opted_out,
                    source=by.source,
                    at=by.at,
                )


def _by(entries: Sequence[Consent], holding: Mapping[int, int], where: Mapping[int, str | None]) -> Consent | None:
    """The entry by which things stand as they do: what keeps the number from being texted by these, or, where it was
    kept from it before, what ended that; None where there never was anything.

    ``entries``: newest first; ``holding``: provider number's id -> the entry that holds there; ``where``: the sender's
    ids with their numbers, and EVERY_NUMBER.
    """
    held = [consent_id for place, consent_id in holding.items() if place in where]
    if held:
        return next(one for one in entries if one.id == max(held))
    if not any(one.opted_out and one.provider_number in where.values() for one in entries):
        return None
    return next(one for one in entries if not one.opted_out)
