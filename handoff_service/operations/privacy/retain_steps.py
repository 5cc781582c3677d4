"""The database writes that remove expired content. Each write is small enough not to delay other
writes: see ``operations/shared/steps.py``. An admin can stop a run between two writes.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select, update

from handoff_service.operations.desk.audit_chain import RemoveSome, remove_some
from handoff_service.rules.privacy.kinds import KeptKind
from handoff_service.store.engine import tables as t
from handoff_service.store.engine.database import upsert
from handoff_service.store.engine.transaction import Transaction
from handoff_service.store.privacy import retention
from handoff_service.store.privacy.empty_rows import empty_rows, secure_delete
from handoff_service.store.privacy.erase_plan import Part
from handoff_service.store.privacy.number_rows import NumberRows
from handoff_service.store.privacy.retention import RetentionState
from handoff_service.store.training import clusters
from handoff_service.store.training.clusters import NewLeader

r = t.retention


@dataclass(frozen=True, slots=True, kw_only=True)
class RemoveRows:
    """Rows to empty or delete, from one part of the conversations. ``keys``: see
    ``empty_rows.key_of``."""

    kind: KeptKind
    part: Part
    keys: Sequence[int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Anonymize:
    """Conversations or associations from which the requester is removed. ``nobody``: see
    ``retention.nobody``."""

    ids: Sequence[int]
    nobody: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """The run has removed all content of this kind up to the time ``done_to``. ``ended``: the kind
    is finished."""

    kind: KeptKind
    done_to: datetime
    ended: bool = False


def begin_kind(tx: Transaction, kind: KeptKind) -> None:
    fresh = {"state": RetentionState.RUNNING, "removed": 0, "began_at": tx.now, "ended_at": None}
    put = upsert(tx.conn, r).values(kind=kind, **fresh)
    tx.conn.execute(put.on_conflict_do_update(index_elements=["kind"], set_=fresh))


def remove_rows(tx: Transaction, command: RemoveRows) -> bool:
    """Empty or delete rows. Returns False, and does nothing, if an admin has stopped the run."""

    def work() -> int:
        with secure_delete(tx):
            return empty_rows(tx, command.part, command.keys)

    return _step(tx, command.kind, work)


def replace_numbers(tx: Transaction, rows: NumberRows) -> bool:
    """Replace the requester's number in rows. Returns the same as ``remove_rows``."""

    def work() -> int:
        retention.replace_numbers(tx, rows)
        return 0

    return _step(tx, KeptKind.CONVERSATIONS, work)


def anonymize_associations(tx: Transaction, command: Anonymize) -> bool:
    """Remove the requester from associations. Returns the same as ``remove_rows``."""

    def work() -> int:
        retention.anonymize_associations(tx, command.ids, command.nobody)
        return 0

    return _step(tx, KeptKind.CONVERSATIONS, work)


def anonymize_conversations(tx: Transaction, command: Anonymize) -> bool:
    """Remove the requester from emptied conversations. Returns the same as ``remove_rows``."""

    def work() -> int:
        retention.anonymize_conversations(tx, command.ids, command.nobody)
        return len(command.ids)

    return _step(tx, KeptKind.CONVERSATIONS, work)


def follow_leader(tx: Transaction, change: NewLeader) -> bool:
    """Give a cluster of trainer items a new leader. Returns the same as ``remove_rows``."""

    def work() -> int:
        clusters.follow(tx.conn, change)
        return 0

    return _step(tx, KeptKind.TRAINER_ITEMS, work)


def remove_items(tx: Transaction, ids: Sequence[int]) -> bool:
    """Delete trainer items. Returns the same as ``remove_rows``."""
    return _step(tx, KeptKind.TRAINER_ITEMS, lambda: retention.delete_items(tx, ids))


def remove_audit_entries(tx: Transaction, command: RemoveSome) -> bool:
    """Remove entries of the audit log. Returns the same as ``remove_rows``."""
    return _step(tx, KeptKind.AUDIT, lambda: remove_some(tx, command))


def _step(tx: Transaction, kind: KeptKind, work: Callable[[], int]) -> bool:
    """Do the work and add its result to the count of removed records. Returns False, and does
    nothing, if an admin has stopped the run."""
    if not _is_running(tx, kind):
        return False
    _count(tx, kind, work())
    return True


def record_progress(tx: Transaction, progress: Progress) -> bool:
    """Record the progress of the run. Returns False, and does nothing, if an admin has stopped the
    run."""
    tx.commit_without_flush()
    if not _is_running(tx, progress.kind):
        return False
    values: dict[str, object] = {"done_to": progress.done_to}
    if progress.ended:
        values |= {"state": RetentionState.DONE, "ended_at": tx.now}
    tx.conn.execute(update(r).where(r.c.kind == progress.kind).values(**values))
    return True


def _is_running(tx: Transaction, kind: KeptKind) -> bool:
    state = tx.conn.execute(select(r.c.state).where(r.c.kind == kind)).scalar()
    return state == RetentionState.RUNNING


def _count(tx: Transaction, kind: KeptKind, done: int) -> None:
    if done:
        tx.conn.execute(update(r).where(r.c.kind == kind).values(removed=r.c.removed + done))
