"""The steps of an erasure that write to the database, each small enough for a lane."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy import delete, insert, select, update

from handoff_service.operations.desk.audit_chain import EraseEntries, erase_entries
from handoff_service.operations.shared.end_interaction import end_interaction
from handoff_service.operations.training.practice_runs import forget_texts
from handoff_service.rules.privacy.erasures import (
    CopyState,
    ErasureState,
    ErasureStep,
    following,
)
from handoff_service.rules.shared.vocabulary import State, Status, Work
from handoff_service.store.conversations import interactions, text_index
from handoff_service.store.engine import due_work
from handoff_service.store.engine import tables as t
from handoff_service.store.engine.one_of import one_of
from handoff_service.store.engine.transaction import Transaction
from handoff_service.store.privacy import mentions, person_rows
from handoff_service.store.privacy.counts import at_provider
from handoff_service.store.privacy.empty_rows import empty, secure_delete
from handoff_service.store.privacy.erase_plan import PARTS
from handoff_service.store.privacy.erasure_reads import Running

CLOSED = "Closed, because this person's data is being erased"
INDEX_PAGES = 64  # pages of SQLite's index in one transaction
#: Kinds of due work that have the interaction's id as their key.
_OF_INTERACTION = (
    Work.BOT_TURN,
    Work.END_HOLD,
    Work.TIMER,
    Work.FOLLOW_UP,
    Work.ASK_SATISFACTION,
    Work.PROOF_LIMIT,
)
e, c, i, m = t.erasures, t.erased_copies, t.interactions, t.messages


@dataclass(frozen=True, slots=True, kw_only=True)
class OfConversations:
    """A step on some conversations of an erasure."""

    erasure: Running
    ids: Sequence[int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Replace:
    """Rows of other people that mention the person."""

    erasure_id: int
    found: mentions.MentioningRows
    words: Sequence[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditEntries:
    """Entries of the audit log that name the person."""

    erasure_id: int
    ids: Sequence[int]


@dataclass(frozen=True, slots=True, kw_only=True)
class FinishCopy:
    """``why``: the provider's objection; None: it has erased its copy."""

    erasure: Running
    sid: str
    why: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class NextStep:
    """A step is done. ``left``: sentences about the data that the step could not remove."""

    erasure: Running
    left: Sequence[str] = ()
    after: timedelta = timedelta()


def close_conversation(tx: Transaction, interaction_id: int) -> None:
    """Close a conversation if it is open. The requester gets no text."""
    interaction = interactions.lock(tx.conn, interaction_id)
    if interaction.active:
        end_interaction(tx, interaction, State.CLOSED_ABANDONED, sentence=CLOSED)


def cancel_work(tx: Transaction, command: OfConversations) -> None:
    """Cancel the waiting work of these conversations, such as queued texts and reminders. List the
    texts that the provider must erase."""
    ids = command.ids
    for kind in _OF_INTERACTION:
        due_work.cancel(tx, kind, ids)
    queued = update(m).where(one_of(m.c.interaction_id, ids), m.c.status == Status.QUEUED)
    unsent = tx.conn.execute(queued.values(status=Status.CANCELED).returning(m.c.id)).scalars()
    due_work.cancel(tx, Work.DELIVER, list(unsent))
    for kind, key, column in (
        (Work.PROMISE, t.promises.c.id, t.promises.c.interaction_id),
        (Work.SEND_LATER, t.scheduled_texts.c.id, t.scheduled_texts.c.interaction_id),
    ):
        due_work.cancel(tx, kind, tx.conn.execute(select(key).where(one_of(column, ids))).scalars())
    lines = select(m.c.id).where(one_of(m.c.interaction_id, ids))
    media = select(t.media.c.id).where(t.media.c.message_id.in_(lines))
    due_work.cancel(tx, Work.FETCH_MEDIA, tx.conn.execute(media).scalars())
    _note_copies(tx, command)


def _note_copies(tx: Transaction, command: OfConversations) -> None:
    known = select(c.c.provider_sid).where(c.c.erasure_id == command.erasure.id)
    sids = select(m.c.provider_sid).where(
        one_of(m.c.interaction_id, command.ids), at_provider(), m.c.provider_sid.not_in(known)
    )
    rows = [
        {"erasure_id": command.erasure.id, "provider_sid": sid, "state": CopyState.WAITING}
        for sid in tx.conn.execute(sids).scalars()
    ]
    if rows:
        tx.conn.execute(insert(c), rows)


def empty_some(tx: Transaction, command: OfConversations) -> int:
    """Empty some rows of these conversations. Returns how many; 0 when nothing is left."""
    erasure = command.erasure
    done = empty(tx, PARTS, command.ids, user_id=erasure.user_id)
    _add_counts(tx, erasure.id, done)
    return done.total()


def unname(tx: Transaction, command: OfConversations) -> None:
    """Remove the requester's number and the user from emptied conversations."""
    person_rows.unname(tx, command.erasure.id, command.ids)
    _add_counts(tx, command.erasure.id, Counter(conversations=len(command.ids)))


def replace_some(tx: Transaction, command: Replace) -> None:
    changed = mentions.replace(tx, command.found, command.words)
    _add_counts(tx, command.erasure_id, Counter(mentions=changed))


def erase_audit(tx: Transaction, command: AuditEntries) -> None:
    """Remove entries of the audit log that name the person."""
    why = f"ERA{command.erasure_id:07}"
    with secure_delete(tx):
        gone = erase_entries(tx, EraseEntries(ids=command.ids, why=why))
    _add_counts(tx, command.erasure_id, Counter(audit_entries=gone))


def forget_person(tx: Transaction, erasure: Running) -> None:
    """Delete the person's record and the data of the numbers."""
    done = Counter[str]()
    for number in erasure.numbers:
        done.update(person_rows.forget_number(tx, erasure.id, number))
    # delete the texts of all practice runs, because the person may have written some of them
    forget_texts(tx, tx.now + timedelta(seconds=1))
    done["deleted_records"] += person_rows.forget_deleted_users(tx, erasure.words)
    if erasure.user_id is not None:
        done["users"] += person_rows.forget_user(tx, erasure.user_id)
    _add_counts(tx, erasure.id, +done)


# positional, because an operation gets its command as one value
def merge_index(tx: Transaction, begins: bool) -> bool:
    return text_index.merge_index(tx.conn, begins=begins, pages=INDEX_PAGES)


def finish_copy(tx: Transaction, command: FinishCopy) -> None:
    """Record whether the provider erased its copy of a text."""
    state = CopyState.ERASED if command.why is None else CopyState.REFUSED
    mine = (c.c.erasure_id == command.erasure.id, c.c.provider_sid == command.sid)
    tx.conn.execute(update(c).where(*mine).values(state=state, why=command.why))
    if state is CopyState.ERASED:
        _add_counts(tx, command.erasure.id, Counter(provider_copies=1))


def refuse_copies(tx: Transaction, command: FinishCopy) -> None:
    """Give up the erasure of all waiting copies, and record the same reason for each."""
    mine = (c.c.erasure_id == command.erasure.id, c.c.state == CopyState.WAITING)
    tx.conn.execute(update(c).where(*mine).values(state=CopyState.REFUSED, why=command.why))


def next_step(tx: Transaction, command: NextStep) -> None:
    """Continue with the next step. The last one ends the erasure."""
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
    if erasure.step is ErasureStep.COPIES:
        gone = (c.c.erasure_id == erasure.id, c.c.state == CopyState.ERASED)
        tx.conn.execute(delete(c).where(*gone))
    tx.conn.execute(update(e).where(e.c.id == erasure.id).values(**values))


def try_again(tx: Transaction, command: NextStep) -> None:
    """Try the current step again later."""
    due_work.release(tx, Work.ERASE, command.erasure.id, tx.now + command.after)


def _add_counts(tx: Transaction, erasure_id: int, done: Counter[str]) -> None:
    before = tx.conn.execute(select(e.c.removed).where(e.c.id == erasure_id)).scalar_one()
    after = Counter(before)
    after.update(done)
    tx.conn.execute(update(e).where(e.c.id == erasure_id).values(removed=dict(+after)))
