"""Record who has changed which field of a record, with the old and the new value.

The operations that write records call these functions, so changes by pages, the API and the desk
file have the same history. The version number also prevents two concurrent changes of a record,
because a constraint lets only one writer add the next version.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from sqlalchemy import insert, update

from handoff_service.operations.shared.audit import AuditEntry, audit, audit_many
from handoff_service.rules.desk.audit import AuditAction
from handoff_service.rules.desk.record_changes import (
    NAMED_BY,
    Changes,
    Entry,
    Noun,
    difference,
    known_as,
    removal,
)
from handoff_service.store.desk_file import record_changes
from handoff_service.store.engine import tables as t
from handoff_service.store.engine.transaction import Transaction

r, d = t.record_changes, t.deleted_records
ONLY = "1"  #: the id of the only record of its noun, such as the desk's settings


@contextmanager
def recorded(tx: Transaction, noun: Noun, record: int | str) -> Iterator[None]:
    """Record the changes that the statements inside the ``with`` block make. Without a change,
    nothing is recorded."""
    before = record_changes.entry(tx.conn, noun, str(record))
    yield
    after = record_changes.entry(tx.conn, noun, str(record))
    if changes := difference(before, after):
        _record(tx, noun, {str(record): changes if before else {}})
        action = AuditAction.CHANGED if before else AuditAction.CREATED
        audit(tx, _entry(action, noun, record, after or before, changes))


def created(tx: Transaction, noun: Noun, record: int | str) -> None:
    """Start the history of a new record."""
    _record(tx, noun, {str(record): {}})
    now = record_changes.entry(tx.conn, noun, str(record))
    audit(tx, _entry(AuditAction.CREATED, noun, record, now, difference({}, now)))


@contextmanager
def deletes(tx: Transaction, noun: Noun, record: int | str) -> Iterator[None]:
    """Keep the content and the history of the record that the statements inside the ``with`` block
    delete. The history moves to another key, because SQLite may give the record's id to a new
    record."""
    before = record_changes.entry(tx.conn, noun, str(record))
    yield
    values = {
        "noun": noun,
        "name": known_as(noun, before),
        "agent_id": tx.by,
        "changes": removal(before),
        "at": tx.now,
    }
    new = insert(d).values(**values).returning(d.c.id)
    place = record_changes.place_of_deleted(tx.conn.execute(new).scalar_one())
    its = (r.c.noun == noun, r.c.record == str(record))
    tx.conn.execute(update(r).where(*its).values(record=place))
    audit(tx, _entry(AuditAction.DELETED, noun, record, before, removal(before)))


def record_as(
    tx: Transaction, noun: Noun, record: int, changes: Changes, action: AuditAction
) -> None:
    """Record changes that are already written. ``action``: the action in the audit log."""
    _record(tx, noun, {str(record): changes})
    now = record_changes.entry(tx.conn, noun, str(record))
    audit(tx, _entry(action, noun, record, now, changes))


def record_many(tx: Transaction, noun: Noun, changes: Mapping[str, Changes]) -> None:
    """Record changes that are already written. ``changes``: record -> its changes, which are empty
    for a new record."""
    _record(tx, noun, changes)
    entries = [
        AuditEntry(
            action=AuditAction.CHANGED if changed else AuditAction.CREATED,
            subject=noun,
            record=record,
            details=changed,
        )
        for record, changed in changes.items()
    ]
    audit_many(tx, entries)


def _record(tx: Transaction, noun: Noun, changes: Mapping[str, Changes]) -> None:
    known = record_changes.versions(tx.conn, noun, changes)
    rows = [
        {
            "noun": noun,
            "record": record,
            "version": known.get(record, 0) + 1,
            "agent_id": tx.by,
            "changes": changed,
            "at": tx.now,
        }
        for record, changed in changes.items()
    ]
    if rows:
        tx.conn.execute(insert(r), rows)


def _entry(
    action: AuditAction, noun: Noun, record: int | str, entry: Entry, changes: Changes
) -> AuditEntry:
    """The entry for the audit log. ``changes`` contains no values of secrets."""
    name = known_as(noun, entry) if noun in NAMED_BY else ""
    return AuditEntry(action=action, subject=noun, record=str(record), name=name, details=changes)
