"""Push consent changes to the provider, so that other programs in the company's account do not text
people who have opted out.

The provider does not see opt-outs that come from agents, programs, imports and the admin's own
keywords. It also does not know that a STOP to one company number covers all of them.

The service learns of the provider's own opt-outs in three ways: from refused sends, from a text
that the provider has already answered, and from the gap sweep, which recovers a STOP after its
webhook was lost. A push sends the current state, so a second push is harmless.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import select, update

from handoff_service import log
from handoff_service.operations.shared.failed_job import report_job
from handoff_service.operations.shared.job import Job
from handoff_service.ports.not_offered import NotOffered
from handoff_service.ports.sms_provider import CONSENTS_AT_ONCE, ConsentNotTaken, ConsentState
from handoff_service.rules.consent import consent_keywords
from handoff_service.rules.consent.consent_keywords import EVERY_NUMBER, Source
from handoff_service.rules.delivery.sms_text import is_e164
from handoff_service.rules.shared.vocabulary import Work
from handoff_service.rules.webhooks.payloads import EventJob
from handoff_service.store.consent import consents
from handoff_service.store.delivery import restore_holds
from handoff_service.store.engine import due_work
from handoff_service.store.engine import tables as t
from handoff_service.store.engine.one_of import one_of
from handoff_service.store.engine.transaction import Transaction

EVERY = timedelta(minutes=2)
# The delay before a push, because clocks differ and because a change that is undone at once needs
# no push.
SETTLED = timedelta(minutes=1)
PAUSE = timedelta(seconds=0.6)  # the pause for each request, to stay below 100 a minute
AFTER_FAILURE = timedelta(minutes=1)
# The wait after the provider said that the account has no opt-out list. The provider enables the
# list when the company asks for it, which can take hours.
NOT_OFFERED = timedelta(hours=6)
KEY = "consent"

c, o, p = t.consents, t.opt_outs, t.provider_numbers


@dataclass(frozen=True, slots=True)
class Batch:
    """The ledger entries to push (id -> number) and the states to send for them. An entry may need
    no state."""

    entries: Mapping[int, str]
    states: Sequence[ConsentState]


@dataclass(frozen=True, slots=True)
class ConsentPush:
    """``objections``: number -> the provider's objection."""

    batch: Batch
    objections: Mapping[str, ConsentNotTaken]


@dataclass(frozen=True, slots=True)
class PushFailed:
    """The push failed: the provider could not be reached, or the account has no opt-out list
    (``offered`` is false).
    """

    batch: Batch
    why: str
    offered: bool = True


def start_pushing(tx: Transaction, _command: None = None) -> None:
    """Start the recurring push. Does nothing while sends from before a restore are held."""
    if restore_holds.is_held(tx.conn):
        return
    due_work.schedule(
        tx, [due_work.Due(kind=Work.PUSH_CONSENTS, key=KEY, line=KEY, due_at=tx.now + EVERY)]
    )


def push_again(tx: Transaction) -> None:
    """Mark all opt-outs for another push, because a new sender of the company needs them too."""
    tx.conn.execute(update(c).where(c.c.id.in_(select(o.c.consent_id))).values(told_at=None))


def begin_push(tx: Transaction, _command: None = None) -> Batch:
    """The consent changes to push now. They fit into one request unless the company has more
    senders than one request can contain."""
    senders: dict[str, dict[int, str | None]] = {}
    for row in tx.conn.execute(select(*p.c["id", "number", "messaging_service"]).order_by(p.c.id)):
        senders.setdefault(row.messaging_service or row.number, {})[row.id] = row.number
    not_pushed = select(c.c.id, c.c.number).where(t.IS_NOT_PUSHED, c.c.at <= tx.now - SETTLED)
    # entries that failed before come last, so that they do not delay the others
    first = not_pushed.order_by(c.c.told_why.is_not(None), c.c.id)
    rows = tx.conn.execute(first.limit(max(1, CONSENTS_AT_ONCE // max(1, len(senders))))).all()
    entries = {row.id: row.number for row in rows}
    return Batch(entries, list(_states_to_push(tx, entries, senders)))


def finish_push(tx: Transaction, push: ConsentPush) -> None:
    """Mark the entries of this push as pushed, except those to retry. Record the provider's
    objections in the ledger."""
    entries, objections = push.batch.entries, push.objections
    these = one_of(c.c.id, list(entries))
    tx.conn.execute(update(c).where(these).values(told_at=tx.now, told_why=None))
    for number, objection in objections.items():
        done_at = None if objection.again else tx.now
        tx.conn.execute(
            update(c)
            .where(these, c.c.number == number)
            .values(told_at=done_at, told_why=objection.why)
        )
    pushed = set(entries.values()) - {
        number for number, objection in objections.items() if objection.again
    }
    requests = max(1, -(-len(push.batch.states) // CONSENTS_AT_ONCE))
    due_work.release(tx, Work.PUSH_CONSENTS, KEY, tx.now + (PAUSE * requests if pushed else EVERY))


def postpone_push(tx: Transaction, failed: PushFailed) -> None:
    """Leave the entries of the failed push for the next one, and record the failure in the
    ledger."""
    tx.conn.execute(
        update(c).where(one_of(c.c.id, list(failed.batch.entries))).values(told_why=failed.why)
    )
    due_work.release(
        tx, Work.PUSH_CONSENTS, KEY, tx.now + (AFTER_FAILURE if failed.offered else NOT_OFFERED)
    )
    if failed.offered:
        job = EventJob(
            kind=Work.PUSH_CONSENTS, key=KEY, attempts=1, error="NotPushed", given_up=False
        )
        report_job(tx, job)


def _states_to_push(
    tx: Transaction, not_pushed: Mapping[int, str], senders: Mapping[str, Mapping[int, str | None]]
) -> Iterator[ConsentState]:
    """The current state of each number in these entries, for each company sender (a number or a
    whole messaging service) that the entries affect. ``senders``: sender -> its numbers by id."""
    numbers = list(dict.fromkeys(not_pushed.values()))
    holding: dict[str, dict[int, int]] = {number: {} for number in numbers}
    for row in tx.conn.execute(select(o).where(one_of(o.c.number, numbers))):
        holding[row.number][row.provider_number_id] = row.consent_id
    places = {number: frozenset(ids) for ids in senders.values() for number in ids.values()}
    for number, entries in consents.of_numbers(tx.conn, [n for n in numbers if is_e164(n)]).items():
        changed_by = consent_keywords.affected_numbers(
            [
                (e.id, e.opted_out, places.get(e.provider_number, frozenset({EVERY_NUMBER})))
                for e in reversed(entries)
            ]
        )
        changed = frozenset[int]().union(*(changed_by[e.id] for e in entries if e.id in not_pushed))
        for place, (sender, ids) in enumerate(senders.items()):
            if changed & {EVERY_NUMBER, *ids}:
                held = [
                    entry
                    for where, entry in holding[number].items()
                    if where in {EVERY_NUMBER, *ids}
                ]
                # newest first
                ended = [
                    e
                    for e in entries
                    if not e.opted_out and changed_by[e.id] & {EVERY_NUMBER, *ids}
                ]
                by = next((e for e in entries if e.id == max(held)) if held else iter(ended), None)
                if by is not None and by.source is not Source.PROVIDER:
                    yield ConsentState(
                        reference=f"{by.id:016x}{place:016x}",
                        number=number,
                        sender=sender,
                        opted_out=by.opted_out,
                        source=by.source,
                        at=by.at,
                    )


async def when_due(job: Job) -> None:
    batch = await job.write(begin_push, None)
    try:
        objections = await job.deps.provider.push_consents(batch.states) if batch.states else {}
    except (OSError, NotOffered) as error:
        log.warning("consents_not_pushed", entries=len(batch.entries), why=str(error))
        failed = PushFailed(batch, str(error), offered=not isinstance(error, NotOffered))
        await job.write(postpone_push, failed)
        return
    await job.write(finish_push, ConsentPush(batch, objections))
    if batch.entries:
        log.info(
            "consents_pushed",
            entries=len(batch.entries),
            pushed=len(batch.states),
            refused=len(objections),
        )
