"""The writes of an erasure. Reads find the rows beforehand, and each write is small enough not to
delay other writes: see ``operations/shared/steps.py``.
"""

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy import select, update

from handoff_service.operations.desk.audit_chain import EraseEntries, erase_entries
from handoff_service.operations.shared.end_interaction import end_interaction
from handoff_service.rules.privacy.erasures import ErasureState, ErasureStep, following
from handoff_service.rules.shared.vocabulary import State, Status, Work
from handoff_service.store.conversations import interactions
from handoff_service.store.engine import due_work
from handoff_service.store.engine import tables as t
from handoff_service.store.engine.one_of import one_of
from handoff_service.store.engine.transaction import Transaction
from handoff_service.store.privacy import mentions, person_rows
from handoff_service.store.privacy.empty_rows import empty_rows, secure_delete
from handoff_service.store.privacy.erase_plan import Part
from handoff_service.store.privacy.erasure_reads import Running
from handoff_service.store.privacy.number_rows import NumberRows
from handoff_service.store.privacy.person_searches import WaitingWork
from handoff_service.store.training import clusters
from handoff_service.store.training.clusters import NewLeader

CLOSED = "Closed, because this person's data is being erased"
e, m = t.erasures, t.messages


@dataclass(frozen=True, slots=True, kw_only=True)
class OfConversations:
    """Some conversations of an erasure."""

    erasure: Running
    ids: Sequence[int]


@dataclass(frozen=True, slots=True, kw_only=True)
class EraseRows:
    """Rows of one part of the erased conversations. ``keys``: see ``empty_rows.key_of``."""

    erasure_id: int
    part: Part
    keys: Sequence[int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Replace:
    """Rows of other people that mention the person."""

    erasure_id: int
    found: mentions.MentioningRows
    words: Sequence[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class KeepWords:
    """The words by which other rows can mention the person."""

    erasure_id: int
    words: Sequence[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class OfNumbers:
    """Rows that contain the person's numbers."""

    erasure_id: int
    rows: NumberRows


@dataclass(frozen=True, slots=True, kw_only=True)
class OfNumber:
    """One of the person's numbers, and the ids of its profiles."""

    erasure_id: int
    number: str
    profiles: Sequence[int]


@dataclass(frozen=True, slots=True, kw_only=True)
class DeletedUsers:
    """Records that were kept of users who were deleted earlier."""

    erasure_id: int
    ids: Sequence[int]


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditEntries:
    """Entries of the audit log that name the person. ``announces``: see ``EraseEntries``."""

    erasure_id: int
    ids: Sequence[int]
    announces: Sequence[int]


@dataclass(frozen=True, slots=True, kw_only=True)
class NextStep:
    """The step after which the erasure continues. ``left``: sentences about data that the step
    could not remove. ``after``: the wait before the next run."""

    erasure: Running
    left: Sequence[str] = ()
    after: timedelta = timedelta()


def close_conversation(tx: Transaction, interaction_id: int) -> None:
    """Close a conversation if it is open. The requester gets no text."""
    interaction = interactions.lock(tx.conn, interaction_id)
    if interaction.active:
        end_interaction(tx, interaction, State.CLOSED_ABANDONED, sentence=CLOSED)


def keep_words(tx: Transaction, command: KeepWords) -> None:
    """Store the words, so that later steps can find the rows that mention the person."""
    erasure = update(e).where(e.c.id == command.erasure_id)
    tx.conn.execute(erasure.values(words=list(command.words)))


def cancel_texts(tx: Transaction, ids: Sequence[int]) -> None:
    """Cancel these texts, except those that are no longer queued."""
    queued = update(m).where(one_of(m.c.id, ids), m.c.status == Status.QUEUED)
    unsent = tx.conn.execute(queued.values(status=Status.CANCELED).returning(m.c.id)).scalars()
    due_work.cancel(tx, Work.DELIVER, list(unsent))


def cancel_work(tx: Transaction, work: Sequence[WaitingWork]) -> None:
    """Cancel this due work, such as reminders."""
    keys: dict[Work, list[str]] = defaultdict(list)
    for one in work:
        keys[one.kind].append(one.key)
    for kind, some in keys.items():
        due_work.cancel(tx, kind, some)


def follow_leader(tx: Transaction, change: NewLeader) -> None:
    """Give a cluster of trainer items a new leader."""
    clusters.follow(tx.conn, change)


def erase_rows(tx: Transaction, command: EraseRows) -> None:
    """Empty or delete these rows."""
    with secure_delete(tx):
        done = empty_rows(tx, command.part, command.keys)
    add_counts(tx, command.erasure_id, Counter({command.part.table.name: done}))


def replace_numbers(tx: Transaction, command: OfNumbers) -> None:
    """Replace the person's numbers in these rows."""
    person_rows.replace_numbers(tx, command.erasure_id, command.rows)


def anonymize_conversations(tx: Transaction, command: OfConversations) -> None:
    """Remove the requester's number and the user from emptied conversations."""
    person_rows.anonymize_conversations(tx, command.erasure.id, command.ids)
    add_counts(tx, command.erasure.id, Counter(conversations=len(command.ids)))


def replace_some(tx: Transaction, command: Replace) -> None:
    changed = mentions.replace(tx, command.found, command.words)
    add_counts(tx, command.erasure_id, Counter(mentions=changed))


def erase_audit(tx: Transaction, command: AuditEntries) -> None:
    """Remove entries of the audit log that name the person."""
    why = f"ERA{command.erasure_id:07}"
    with secure_delete(tx):
        entries = EraseEntries(ids=command.ids, why=why, announces=command.announces)
        gone = erase_entries(tx, entries)
    add_counts(tx, command.erasure_id, Counter(audit_entries=gone))


def forget_consent(tx: Transaction, command: OfNumber) -> None:
    """Remove a number's entries from the consent ledger."""
    done = person_rows.forget_consent(tx, command.number)
    add_counts(tx, command.erasure_id, +Counter(done))


def forget_number(tx: Transaction, command: OfNumber) -> None:
    """Remove everything else that is stored about a number."""
    done = person_rows.forget_number(tx, command.erasure_id, command.number, command.profiles)
    add_counts(tx, command.erasure_id, +Counter(done))


def forget_deleted_users(tx: Transaction, command: DeletedUsers) -> None:
    """Empty the records of users who were deleted earlier."""
    done = person_rows.forget_deleted_users(tx, command.ids)
    add_counts(tx, command.erasure_id, Counter(deleted_records=done))


def forget_user(tx: Transaction, erasure: Running) -> None:
    """Delete the user's record, if the person is a user."""
    if erasure.user_id is not None:
        done = person_rows.forget_user(tx, erasure.user_id)
        add_counts(tx, erasure.id, Counter(users=done))


def next_step(tx: Transaction, command: NextStep) -> None:
    """Record that the current step is done, and continue with the next one. The last step ends the
    erasure."""
    erasure, step = command.erasure, following(command.erasure.step)
    left = tx.conn.execute(select(e.c.left).where(e.c.id == erasure.id)).scalar_one()
    values: dict[str, Any] = {"left": [*left, *command.left]}
    if step is not None:
        due_work.release(tx, Work.ERASE, erasure.id, tx.now + command.after, attempts=0)
        values["step"] = step
    else:
        due_work.cancel(tx, Work.ERASE, [erasure.id])
        values |= {"state": ErasureState.DONE, "ended_at": tx.now}
    if erasure.step is ErasureStep.MENTIONS:
        values |= {"numbers": [], "words": [], "user_id": None}
    tx.conn.execute(update(e).where(e.c.id == erasure.id).values(**values))


def try_again(tx: Transaction, command: NextStep) -> None:
    """Schedule another run of the current step."""
    due_work.release(tx, Work.ERASE, command.erasure.id, tx.now + command.after)


def add_counts(tx: Transaction, erasure_id: int, done: Counter[str]) -> None:
    """Add to the counts of removed records, which the receipt shows."""
    before = tx.conn.execute(select(e.c.removed).where(e.c.id == erasure_id)).scalar_one()
    after = Counter(before)
    after.update(done)
    tx.conn.execute(update(e).where(e.c.id == erasure_id).values(removed=dict(+after)))
