"""The hash chain of the audit log: finds entries without a link, and checks the chain."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, func, select

from handoff_service.rules.desk.audit import BEGIN, AuditAction, digest_of, link_hash
from handoff_service.store.engine import tables as t
from handoff_service.store.engine.database import read_at

e, k = t.audit_log, t.audit_links
#: The longest time that a transaction can run. When an entry is older than this, no transaction can
#: still add an entry with a lower id.
LONGEST_TRANSACTION = timedelta(hours=1)
AT_ONCE = 2000  # links in one query
MAX_FAULTS = 20  # faults that a report lists


@dataclass(frozen=True, slots=True)
class Head:
    """The last link of the chain."""

    place: int
    hash: str


@dataclass(frozen=True, slots=True)
class ChainedEntry:
    """An entry's place in the chain, and its id."""

    place: int
    id: int


@dataclass(slots=True)
class ChainReport:
    """The result of a check. ``entries``: chained entries that still exist. ``waiting``: entries
    that are not chained yet. ``removed``: entries that no longer exist, normally because of their
    age or an erasure."""

    entries: int = 0
    removed: int = 0
    waiting: int = 0
    head: Head = field(default_factory=lambda: Head(0, BEGIN))
    faults: list[str] = field(default_factory=list)

    def fault(self, sentence: str) -> None:
        if len(self.faults) < MAX_FAULTS:
            self.faults.append(sentence)


def head(conn: Connection) -> Head:
    """Return the last link. It has place 0 if the chain is empty."""
    row = conn.execute(select(k.c.place, k.c.hash).order_by(k.c.place.desc()).limit(1)).first()
    return Head(row.place, row.hash) if row else Head(0, BEGIN)


def unchained(conn: Connection, now: datetime, limit: int) -> list[Any]:
    """Return the oldest committed entries without a link. A transaction may commit an entry after
    another one with a higher id. So the query also covers entries before the last link."""
    settled = select(k.c.entry_id).where(k.c.at < now - LONGEST_TRANSACTION)
    low = conn.execute(settled.order_by(k.c.place.desc()).limit(1)).scalar() or 0
    query = select(e).outerjoin(k, k.c.entry_id == e.c.id)
    missing = query.where(e.c.id > low, k.c.entry_id.is_(None))
    return list(conn.execute(missing.order_by(e.c.id).limit(limit)))


def content(row: Any) -> dict[str, Any]:
    """Return the content that an entry's digest covers, which is all its columns."""
    return {column.name: getattr(row, column.name) for column in e.c}


def check(conn: Connection, key: bytes) -> ChainReport:
    """Check every link and every entry. This reads the whole log."""
    report, before, removed_to = ChainReport(), BEGIN, _removed_to(conn)
    erased = _erased_places(conn)
    for row in _links(conn):
        if row.place != report.head.place + 1:
            report.fault(f"Place {report.head.place + 1} of the chain is missing.")
            before = (
                row.hash if row.hash != link_hash(key, row.place, before, row.digest) else before
            )
        elif row.hash != link_hash(key, row.place, before, row.digest):
            report.fault(f"The link at place {row.place} was changed.")
        if row.id is None:
            if row.place > removed_to and row.place not in erased:
                report.fault(f"The entry at place {row.place} was deleted.")
            report.removed += 1
        else:
            report.entries += 1
            if digest_of(key, content(row)) != row.digest:
                report.fault(
                    f"The entry at place {row.place} ({row.at:%Y-%m-%d %H:%M}) was changed."
                )
        before = row.hash
        report.head = Head(row.place, row.hash)
    late = select(func.count(), func.min(e.c.at)).select_from(
        e.outerjoin(k, k.c.entry_id == e.c.id)
    )
    report.waiting, since = conn.execute(late.where(k.c.entry_id.is_(None))).one()
    if since is not None and since < read_at(conn) - LONGEST_TRANSACTION:
        report.fault(f"Entries since {since:%Y-%m-%d %H:%M} UTC have not been chained.")
    return report


def removable_to(conn: Connection, before: datetime) -> int:
    """Return the place up to which all entries are older than this time. New entries do not change
    the result, because they are chained at the end. This reads the newer part of the log."""
    kept = select(func.min(k.c.place)).join(e, e.c.id == k.c.entry_id)
    first_kept = conn.execute(kept.where(e.c.at >= before)).scalar()
    return head(conn).place if first_kept is None else first_kept - 1


def oldest_to(conn: Connection, after: int, to_place: int) -> list[ChainedEntry]:
    """Return the next existing entries after the place ``after``, up to ``to_place``."""
    query = select(k.c.place, k.c.entry_id).join(e, e.c.id == k.c.entry_id)
    within = query.where(k.c.place > after, k.c.place <= to_place)
    rows = conn.execute(within.order_by(k.c.place).limit(AT_ONCE))
    return [ChainedEntry(row.place, row.entry_id) for row in rows]


def place_hash(conn: Connection, place: int) -> str | None:
    """Return the hash of the link at this place; None if there is no such link."""
    return conn.execute(select(k.c.hash).where(k.c.place == place)).scalar()


def _removed_to(conn: Connection) -> int:
    """Return the place up to which entries were removed by age. A chained entry records each
    removal."""
    query = select(e.c.details).join(k, k.c.entry_id == e.c.id)
    found = conn.execute(query.where(e.c.action == AuditAction.ENTRIES_REMOVED)).scalars()
    return max((int(one.get("to_place", 0)) for one in found), default=0)


def _erased_places(conn: Connection) -> set[int]:
    """Return the places of removed entries about erased people. A chained entry records each
    removal."""
    query = select(e.c.details).join(k, k.c.entry_id == e.c.id)
    found = conn.execute(query.where(e.c.action == AuditAction.ENTRIES_REMOVED)).scalars()
    return {int(place) for one in found for place in one.get("places", ())}


def _links(conn: Connection) -> Iterator[Any]:
    """Yield all links in order, each with its entry if the entry still exists."""
    columns = [k.c.place, k.c.digest, k.c.hash, *e.c]
    query = select(*columns).outerjoin(e, e.c.id == k.c.entry_id).order_by(k.c.place)
    place = 0
    while rows := conn.execute(query.where(k.c.place > place).limit(AT_ONCE)).all():
        yield from rows
        place = rows[-1].place
