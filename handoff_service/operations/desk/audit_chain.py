"""Chain the entries of the audit log, check the chain, and remove old entries.

A job chains entries a moment after they are committed, so the transactions that add entries share
no row and do not wait for each other. If two jobs add a link at the same place, the table's primary
key rejects the second link, and its job tries again.
"""

import secrets
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy import delete, func, insert, select, update

from handoff_service import log
from handoff_service.errors import CannotOpen
from handoff_service.operations.desk.use_secret_keys import OwnSecret, kept_secret, own_secret
from handoff_service.operations.shared.audit import AuditEntry, audit
from handoff_service.operations.shared.job import Job
from handoff_service.rules.desk.audit import AuditAction, Subject, digest_of, link_hash
from handoff_service.rules.shared.phrases import phrase
from handoff_service.rules.shared.vocabulary import Work
from handoff_service.store.desk import audit_chain
from handoff_service.store.desk.audit_chain import ChainReport
from handoff_service.store.engine import due_work
from handoff_service.store.engine import tables as t
from handoff_service.store.engine.one_of import one_of
from handoff_service.store.engine.store import Store
from handoff_service.store.engine.transaction import Transaction

e, k, r = t.audit_log, t.audit_links, t.audit_removal
KEY = "audit"  #: the name of the chain's key among the desk's own secrets
A_MOMENT = timedelta(seconds=1)  # the time from a process's first new entry to its request
AT_ONCE = 100  # entries per transaction, which blocks other writers for some milliseconds
NO_KEY = phrase(
    "The chain's key cannot be opened, so the audit log cannot be checked or chained. Set "
    "PATCHBOARD_SECRET_KEY_OLD to the key that sealed it."
)


@dataclass(frozen=True, slots=True)
class RemoveEntries:
    """``before``: remove the entries from before this time."""

    before: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class RemoveSome:
    """One of several steps that remove the entries from before ``before``. Together, the steps
    remove all entries up to the place ``to_place`` of the chain. ``announces``: the number of all
    these entries, for the first step, which records the removal in the log; 0 for the other
    steps."""

    before: datetime
    ids: Collection[int]
    to_place: int
    announces: int


@dataclass(frozen=True, slots=True, kw_only=True)
class EraseEntries:
    """One of several steps that remove entries for an erasure. ``why``: the number of the erasure.
    ``announces``: the ids that all steps remove, for the first step, which records the removal in
    the log; empty for the other steps."""

    ids: Collection[int]
    why: str
    announces: Collection[int]


def new_key() -> str:
    """A random key for a desk that has no key yet."""
    return secrets.token_hex(32)


def chain_audit(tx: Transaction, made_key: str) -> int:
    """Chain the next batch of entries. Returns how many. ``made_key``: a new key, for a desk that
    has none. Raises CannotOpen when the desk's key is sealed with a secret key that is not set."""
    rows = audit_chain.unchained(tx.conn, tx.now, AT_ONCE)
    if not rows:
        return 0
    key = chain_key(tx, made_key)
    head = audit_chain.head(tx.conn)
    place, before, links = head.place, head.hash, []
    for row in rows:
        place, digest = place + 1, digest_of(key, audit_chain.content(row))
        before = link_hash(key, place, before, digest)
        link = {"place": place, "entry_id": row.id, "digest": digest, "hash": before, "at": tx.now}
        links.append(link)
    tx.conn.execute(insert(k), links)
    return len(links)


def chain_key(tx: Transaction, made: str) -> bytes:
    """The chain's key. ``made``: a new key, for a desk that has none. Raises CannotOpen."""
    kept = kept_secret(tx, KEY)
    return (own_secret(tx, OwnSecret(KEY, made)) if kept is None else kept).encode()


def schedule_chaining(tx: Transaction, _command: None = None) -> None:
    """Request chaining, because entries without a link may exist."""
    due = due_work.Due(kind=Work.CHAIN_AUDIT, key=due_work.DESK_LINE, line="audit", due_at=tx.now)
    due_work.schedule(tx, [due])


def chain_next(tx: Transaction, made_key: str) -> audit_chain.Head:
    """Chain one batch. If there are more entries, the next batch is due at once. Returns the head
    of the chain."""
    # cancel before reading, because an entry that is stored later requests chaining again
    due_work.cancel(tx, Work.CHAIN_AUDIT, [due_work.DESK_LINE])
    if chain_audit(tx, made_key) == AT_ONCE:
        schedule_chaining(tx)
    return audit_chain.head(tx.conn)


def remove_entries(tx: Transaction, command: RemoveEntries) -> int:
    """Remove the entries from before this time, up to the first entry in the chain that stays.
    Entries that are not chained stay, and so do all links. Returns how many were removed."""
    to_place = audit_chain.removable_to(tx.conn, command.before)
    chosen = e.c.id.in_(select(k.c.entry_id).where(k.c.place <= to_place))
    gone = _remove(tx, command.before, chosen)
    if gone:
        _announce(tx, command.before, to_place, gone)
    return gone


def remove_some(tx: Transaction, command: RemoveSome) -> int:
    """Remove these entries. Their links stay. Returns how many were removed."""
    if command.announces:
        _announce(tx, command.before, command.to_place, command.announces)
    return _remove(tx, command.before, one_of(e.c.id, command.ids))


def _remove(tx: Transaction, before: datetime, chosen: sa.ColumnElement[bool]) -> int:
    tx.conn.execute(update(r).values(before_at=before))
    gone = tx.conn.execute(delete(e).where(chosen, e.c.at < before)).rowcount
    tx.conn.execute(update(r).values(before_at=None))
    return gone


def _announce(tx: Transaction, before: datetime, to_place: int, entries: int) -> None:
    details = {"to_place": to_place, "before": before.isoformat(), "entries": entries}
    audit(
        tx,
        AuditEntry(action=AuditAction.ENTRIES_REMOVED, subject=Subject.AUDIT_LOG, details=details),
    )


def erase_entries(tx: Transaction, command: EraseEntries) -> int:
    """Remove entries that name an erased person. Their links stay, and a new entry records which
    places are empty. The first step chains all waiting entries. Returns how many were removed."""
    if command.announces:
        while chain_audit(tx, new_key()):
            pass
        chosen = select(k.c.place).where(one_of(k.c.entry_id, command.announces))
        places = sorted(tx.conn.execute(chosen).scalars())
        details = {"places": places, "why": command.why}
        entry = AuditEntry(
            action=AuditAction.ENTRIES_REMOVED, subject=Subject.AUDIT_LOG, details=details
        )
        audit(tx, entry)
    newest = tx.conn.execute(select(func.max(e.c.at, type_=e.c.at.type))).scalar_one()
    return _remove(tx, newest + A_MOMENT, one_of(e.c.id, command.ids))


async def chain_waiting(store: Store) -> None:
    """Chain the waiting entries, one batch at a time. Raises CannotOpen."""
    while await store.write(chain_audit, new_key()):
        pass


async def check_chain(store: Store) -> ChainReport:
    """Chain the waiting entries, then check the whole chain. The check only reads, so it delays no
    writer. Raises CannotOpen."""
    await chain_waiting(store)
    key = await store.write(chain_key, new_key())
    return await store.read(audit_chain.check, key)


async def when_due(job: Job) -> None:
    """Chain a batch, and log the head. A copy of the log on another machine can then prove that
    somebody has replaced the whole chain."""
    try:
        head = await job.write(chain_next, new_key())
    except CannotOpen:
        log.warning("audit_not_chained", why=NO_KEY)
        raise
    log.info("audit_chained", place=head.place, hash=head.hash)
