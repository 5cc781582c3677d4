"""Record who changed which field of a record, from what to what.

Each verb that writes a record wraps its statements in ``recorded``, so pages, the API and the desk
file all leave the same history. The history's version is also what keeps two writers apart: its
constraint lets only one of them write the next version.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from sqlalchemy import delete, insert

from handoff_service.rules.desk.record_changes import Changes, Noun, difference
from handoff_service.store.desk_file import record_changes
from handoff_service.store.engine import tables as t
from handoff_service.store.engine.lanes import Transaction

r = t.record_changes
ONLY = "1"  #: the record of a noun that has one


@contextmanager
def recorded(tx: Transaction, noun: Noun, record: int | str) -> Iterator[None]:
    """Record what the statements inside change. A change of nothing is not recorded."""
    before = record_changes.entry(tx.conn, noun, str(record))
    yield
    after = record_changes.entry(tx.conn, noun, str(record))
    if changes := difference(before, after):
        record_many(tx, noun, {str(record): changes if before else {}})


def created(tx: Transaction, noun: Noun, record: int | str) -> None:
    """Begin the history of a new record."""
    record_many(tx, noun, {str(record): {}})


def forget(tx: Transaction, noun: Noun, record: int | str) -> None:
    """Delete the history of a deleted record. SQLite may give its id to the next one."""
    tx.conn.execute(delete(r).where(r.c.noun == noun, r.c.record == str(record)))


def record_many(tx: Transaction, noun: Noun, changes: Mapping[str, Changes]) -> None:
    """Record what is already written: record -> its changes; empty for a new record."""
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
