"""Merge two users. One user stays, and everything that belongs to the other user, who goes, moves
to the user who stays.

The row of the user who goes is kept without numbers. Its ``merged_into`` refers to the user who
stays. Consent does not change, because it belongs to numbers. Conversations are not merged, because
each belongs to one requester number and one company number.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy import Connection, delete, insert, select, update

from handoff_service.errors import BadInput, Conflict, NotFound
from handoff_service.operations.desk.merge_effects import announce, distinct_name, put_values
from handoff_service.operations.shared.job import Job
from handoff_service.operations.shared.record_changes import record_as
from handoff_service.rules.desk import user_merges as rules
from handoff_service.rules.desk.audit import AuditAction
from handoff_service.rules.desk.record_changes import Entry, Noun, difference
from handoff_service.rules.shared.phrases import phrase
from handoff_service.rules.shared.vocabulary import Work
from handoff_service.store.conversations import interactions
from handoff_service.store.desk import user_merges, user_words
from handoff_service.store.desk.users import merged_sentence, stays_for
from handoff_service.store.desk_file import record_changes
from handoff_service.store.engine import due_work
from handoff_service.store.engine import tables as t
from handoff_service.store.engine.one_of import one_of
from handoff_service.store.engine.transaction import Transaction

u, n, p, g = t.users, t.user_numbers, t.messaging_profiles, t.user_merges
f = t.user_facts
#: A second pass runs this long after the merge. It moves rows that another process stored during
#: the merge and that still refer to the user who goes.
SETTLE_AFTER = timedelta(minutes=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class MergeUsers:
    """``take``: the keys of the values to take from the user who goes. For other keys, the user who
    stays keeps their own value. ``rules/desk/user_merges.py`` defines the keys."""

    stays_id: int
    goes_id: int
    take: Sequence[str]
    agent_id: int | None


def merge_users(tx: Transaction, command: MergeUsers) -> int:
    """Merge the users and return the merge's id. Raises BadInput when both ids are the same, and
    for a wrong key. Raises NotFound for an unknown id. Raises Conflict when one of the users cannot
    be merged now."""
    stays, goes = _locked(tx, command.stays_id, command.goes_id)
    check(tx.conn, stays, goes)
    before = {one.id: _entry(tx.conn, one.id) for one in (stays, goes)}
    facts = {one.id: user_merges.facts_of(tx.conn, one.id) for one in (stays, goes)}
    its, theirs = (user_merges.values(one, _hashes(facts[one.id])) for one in (stays, goes))
    if wrong := rules.not_choices(its, theirs, command.take):
        raise BadInput(errors={"take": wrong})
    numbers = {one.id: user_merges.numbers_of(tx.conn, one.id) for one in (stays, goes)}
    made = tx.conn.execute(
        insert(g)
        .values(
            stays_id=stays.id,
            goes_id=goes.id,
            agent_id=command.agent_id,
            merged_at=tx.now,
            undo_until=tx.now + rules.UNDO_FOR,
            gone={"active": goes.active, "numbers": numbers[goes.id], "facts": facts[goes.id]},
        )
        .returning(g.c.id)
    ).scalar_one()
    running = _lock_conversations(tx, goes.id)
    cleared = _clear(tx, stays.id, goes.id)
    moved = _move(tx, stays.id, goes.id)
    _empty(tx, stays, goes, numbers)
    after = rules.merged(its, theirs, command.take)
    changes = put_values(tx, stays, goes, its, after, facts)
    changes["numbers"] = [None, [one for one in numbers[goes.id] if one not in numbers[stays.id]]]
    values = {"moved": moved, "cleared": cleared, "changes": changes}
    tx.conn.execute(update(g).where(g.c.id == made).values(**values))
    user_words.index_users(tx.conn, [stays.id, goes.id])
    _record(tx, stays, goes, before)
    sentence = f"merged {distinct_name(goes, stays)} into {distinct_name(stays, goes)}"
    announce(tx, running, command.agent_id, sentence, now=after["name"])
    work = due_work.Due(
        kind=Work.SETTLE_MERGE,
        key=str(made),
        line=f"merge:{made}",
        due_at=tx.now + SETTLE_AFTER,
    )
    due_work.schedule(tx, [work])
    return int(made)


def check(conn: Connection, stays: Any, goes: Any) -> None:
    """Raise Conflict when these two users cannot be merged now."""
    for one in (stays, goes):
        if one.merged_into is not None:
            raise Conflict(merged_sentence(conn, one.id))
        if number := user_merges.erasure_of(conn, one.id):
            raise Conflict(
                phrase(
                    "{name} is being erased. See the receipt {number}.",
                    name=one.name,
                    number=number,
                )
            )
    if not stays.active:
        raise Conflict(
            phrase(
                "{name} is deactivated, so this user cannot stay. Activate the user first, or "
                "keep {other}.",
                name=stays.name,
                other=goes.name,
            )
        )


def both(conn: Connection, stays_id: int, goes_id: int) -> tuple[Any, Any]:
    """The rows of both users. Raises BadInput when both ids are the same, and NotFound for an
    unknown id."""
    return _of(conn.execute(_rows(stays_id, goes_id)).all(), stays_id, goes_id)


def _locked(tx: Transaction, stays_id: int, goes_id: int) -> tuple[Any, Any]:
    """Lock both users in the order of their ids, so that two merges cannot deadlock. New texts from
    these users are not blocked.
    """
    rows = tx.conn.execute(_rows(stays_id, goes_id).with_for_update(key_share=True)).all()
    return _of(rows, stays_id, goes_id)


def _rows(stays_id: int, goes_id: int) -> Any:
    return select(u).where(one_of(u.c.id, [stays_id, goes_id])).order_by(u.c.id)


def _of(rows: Sequence[Any], stays_id: int, goes_id: int) -> tuple[Any, Any]:
    if stays_id == goes_id:
        raise BadInput(errors={"user_id": phrase("must be another user than the one who stays")})
    there = {row.id: row for row in rows}
    for one in (stays_id, goes_id):
        if one not in there:
            raise NotFound(phrase("There is no user {id}.", id=one))
    return there[stays_id], there[goes_id]


def _entry(conn: Connection, user_id: int) -> Entry:
    return record_changes.entry(conn, Noun.USER, str(user_id))


def _hashes(facts: dict[str, dict[str, Any]]) -> dict[str, str]:
    return {name: row["hash"] for name, row in facts.items()}


def _lock_conversations(tx: Transaction, user_id: int) -> list[interactions.InteractionRow]:
    """Lock the user's open conversations and return them. Call this before the profiles are locked,
    because receiving a text takes its locks in the same order."""
    i = t.interactions
    ids = select(i.c.id).where(i.c.user_id == user_id, i.c.closed_at.is_(None))
    return list(interactions.lock_each(tx.conn, tx.conn.execute(ids).scalars().all()).values())


def _clear(tx: Transaction, stays_id: int, goes_id: int) -> dict[str, int]:
    """Clear ``not_user_id`` where a profile of one user rules out the other user as the sender,
    because both users are now the same person. Returns profile id -> the user who was ruled out.
    """
    two = [stays_id, goes_id]
    mine = one_of(p.c.user_id, two), one_of(p.c.not_user_id, two)
    found = {str(row.id): row.not_user_id for row in tx.conn.execute(select(p).where(*mine))}
    tx.conn.execute(update(p).where(*mine).values(not_user_id=None))
    return found


def _move(tx: Transaction, stays_id: int, goes_id: int) -> dict[str, list[int]]:
    """Make all rows that refer to the user who goes refer to the user who stays. Returns
    "table.column" -> ids of the changed rows."""
    moved = {}
    for column in user_merges.REFERENCES:
        key = column.table.c.id
        here = update(column.table).where(column == goes_id).values({column: stays_id})
        if ids := sorted(tx.conn.execute(here.returning(key)).scalars()):
            moved[f"{column.table.name}.{column.name}"] = ids
    return moved


def _empty(tx: Transaction, stays: Any, goes: Any, numbers: dict[int, list[str]]) -> None:
    """Deactivate the user who goes, delete their facts, and move their numbers to the user who
    stays."""
    tx.conn.execute(delete(n).where(n.c.user_id == goes.id))
    new = [one for one in numbers[goes.id] if one not in numbers[stays.id]]
    if new:
        tx.conn.execute(insert(n), [{"user_id": stays.id, "number": one} for one in new])
    tx.conn.execute(delete(f).where(f.c.user_id == goes.id))
    leads = update(u).where(u.c.id == goes.id).values(active=False, merged_into=stays.id)
    tx.conn.execute(leads)


def _record(tx: Transaction, stays: Any, goes: Any, before: dict[int, Entry]) -> None:
    """Record the merge in the histories of both users and in the audit log."""
    for one, more in (
        (stays, {"merged": [None, f"{goes.name} ({goes.external_id})"]}),
        (goes, {"merged_into": [None, f"{stays.name} ({stays.external_id})"]}),
    ):
        changes = more | difference(before[one.id], _entry(tx.conn, one.id))
        record_as(tx, Noun.USER, one.id, changes, AuditAction.MERGED)


async def when_due(job: Job) -> None:
    await job.write(settle, int(job.key))


def settle(tx: Transaction, merge_id: int) -> None:
    """Move rows that were stored while the merge ran."""
    due_work.cancel(tx, Work.SETTLE_MERGE, [merge_id])
    live = g.c.id == merge_id, g.c.undone_at.is_(None)
    row = tx.conn.execute(select(g).where(*live).with_for_update()).one_or_none()
    if row is None:
        return
    moved = dict(row.moved)
    for column, ids in _move(tx, stays_for(tx.conn, row.goes_id), row.goes_id).items():
        moved[column] = sorted({*moved.get(column, ()), *ids})
    if moved != row.moved:
        tx.conn.execute(update(g).where(g.c.id == merge_id).values(moved=moved))
