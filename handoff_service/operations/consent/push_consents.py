"""Tell the provider who may be texted, of each change that it may not know: so nothing else in its account texts them.

It does not know what agents, programs, imports and the admin's own words change, nor that a STOP to one of the
company's numbers holds for all. What it does know comes the other way: by what it refuses, by what it answers
(``OptOutType``), and by the gap sweep, which takes in a STOP whose webhook was lost. What is told is how things stand,
so telling it twice is telling it once.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import select, update

from handoff_service.ports import CONSENTS_AT_ONCE, ConsentNotTaken, Telling
from handoff_service.rules.consent import consent_keywords
from handoff_service.rules.consent.consent_keywords import EVERY_NUMBER, Source
from handoff_service.rules.delivery.sms_text import is_e164
from handoff_service.rules.shared.vocabulary import Work
from handoff_service.store.consent import consents
from handoff_service.store.delivery import restore_holds
from handoff_service.store.engine import due_work
from handoff_service.store.engine import tables as t
from handoff_service.store.engine.lanes import Transaction
from handoff_service.store.engine.one_of import one_of

EVERY = timedelta(minutes=2)
SETTLED = timedelta(minutes=1)  # so long it waits: what is taken back at once needs no telling, and clocks differ
PAUSE = timedelta(seconds=0.6)  # for each request: below 100 a minute
AFTER_FAILURE = timedelta(minutes=1)
NOT_OFFERED = timedelta(hours=6)  # an account that has no such list gets one by writing to the provider
KEY = "consent"

c, o, p = t.consents, t.opt_outs, t.provider_numbers


@dataclass(frozen=True, slots=True)
class Batch:
    """Entries of the ledger that are to be told, with their numbers, and what there is to tell of them, which may be
    nothing."""

    entries: Mapping[int, str]
    tellings: Sequence[Telling]


@dataclass(frozen=True, slots=True)
class ConsentPush:
    """``faults``: number -> what the provider said against it."""

    batch: Batch
    faults: Mapping[str, ConsentNotTaken]


@dataclass(frozen=True, slots=True)
class NotTold:
    """The provider could not be asked, or (``offered`` false) keeps no such list for this account."""

    batch: Batch
    why: str
    offered: bool = True


def push_from_now_on(tx: Transaction, _command: None = None) -> None:
    """Look again and again for what is to be told. Not while a restore holds what was queued before it."""
    if restore_holds.is_held(tx.conn):
        return
    due_work.schedule(tx, [due_work.Due(kind=Work.TELL_CONSENTS, key=KEY, line=KEY, due_at=tx.now + EVERY)])


def push_again(tx: Transaction) -> None:
    """The company has another sender, which must know too who may not be texted."""
    tx.conn.execute(update(c).where(c.c.id.in_(select(o.c.consent_id))).values(told_at=None))


def begin_telling(tx: Transaction, _command: None = None) -> Batch:
    """What to tell now, which fits into one request unless the company has more than that many senders."""
    senders: dict[str, dict[int, str | None]] = {}
    for row in tx.conn.execute(select(*p.c["id", "number", "messaging_service"]).order_by(p.c.id)):
        senders.setdefault(row.messaging_service or row.number, {})[row.id] = row.number
    untold = select(c.c.id, c.c.number).where(t.IS_UNTOLD, c.c.at <= tx.now - SETTLED)
    first = untold.order_by(c.c.told_why.is_not(None), c.c.id)  # those that failed before hold up nobody
    rows = tx.conn.execute(first.limit(max(1, CONSENTS_AT_ONCE // max(1, len(senders))))).all()
    entries = {row.id: row.number for row in rows}
    return Batch(entries, list(_tellings(tx, entries, senders)))


def finish_telling(tx: Transaction, told: ConsentPush) -> None:
    """These are told, but for those that are to be told again; what the provider said against them is in the ledger."""
    entries, faults = told.batch.entries, told.faults
    these = one_of(c.c.id, list(entries))
    tx.conn.execute(update(c).where(these).values(told_at=tx.now, told_why=None))
    for number, fault in faults.items():
        told_at = None if fault.again else tx.now
        tx.conn.execute(update(c).where(these, c.c.number == number).values(told_at=told_at, told_why=fault.why))
    goes_on = set(entries.values()) - {number for number, fault in faults.items() if fault.again}
    requests = max(1, -(-len(told.batch.tellings) // CONSENTS_AT_ONCE))
    due_work.release(tx, Work.TELL_CONSENTS, KEY, tx.now + (PAUSE * requests if goes_on else EVERY))


def put_off_telling(tx: Transaction, failed: NotTold) -> None:
    """These still wait, and the ledger says why."""
    tx.conn.execute(update(c).where(one_of(c.c.id, list(failed.batch.entries))).values(told_why=failed.why))
    due_work.release(tx, Work.TELL_CONSENTS, KEY, tx.now + (AFTER_FAILURE if failed.offered else NOT_OFFERED))


def _tellings(
    tx: Transaction, untold: Mapping[int, str], senders: Mapping[str, Mapping[int, str | None]]
) -> Iterator[Telling]:
    """How things stand for each number of these entries with each of the company's senders (a number, or a whole
    service) of which they changed something. ``senders``: sender -> its numbers by their ids."""
    numbers = list(dict.fromkeys(untold.values()))
    holding: dict[str, dict[int, int]] = {number: {} for number in numbers}
    for row in tx.conn.execute(select(o).where(one_of(o.c.number, numbers))):
        holding[row.number][row.provider_number_id] = row.consent_id
    places = {number: frozenset(ids) for ids in senders.values() for number in ids.values()}
    for number, entries in consents.of_numbers(tx.conn, [n for n in numbers if is_e164(n)]).items():
        told_of = consent_keywords.concerned(
            [(e.id, e.opted_out, places.get(e.provider_number, frozenset({EVERY_NUMBER}))) for e in reversed(entries)]
        )
        changed = frozenset[int]().union(*(told_of[e.id] for e in entries if e.id in untold))
        for place, (sender, ids) in enumerate(senders.items()):
            if changed & {EVERY_NUMBER, *ids}:
                held = [entry for where, entry in holding[number].items() if where in {EVERY_NUMBER, *ids}]
                ended = [e for e in entries if not e.opted_out and told_of[e.id] & {EVERY_NUMBER, *ids}]  # newest first
                by = next((e for e in entries if e.id == max(held)) if held else iter(ended), None)
                if by is not None and by.source is not Source.PROVIDER:
                    yield Telling(
                        reference=f"{by.id:016x}{place:016x}",
                        number=number,
                        sender=sender,
                        opted_out=by.opted_out,
                        source=by.source,
                        at=by.at,
                    )
