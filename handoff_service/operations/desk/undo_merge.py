"""Undo a merge of two users. The records that the merge moved return to the user who went. Records
that were added since then stay with the user who stayed."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import delete, insert, or_, select, update

from handoff_service.errors import Conflict, NotFound
from handoff_service.operations.desk.merge_effects import announce, distinct_name, put_fact
from handoff_service.operations.desk.own_numbers import refuse_own_numbers
from handoff_service.operations.shared.record_changes import record_as
from handoff_service.rules.desk.audit import AuditAction
from handoff_service.rules.desk.record_changes import Noun, difference
from handoff_service.rules.desk.user_merges import ATTRIBUTE, FACT, FIELDS
from handoff_service.rules.shared.phrases import phrase
from handoff_service.rules.shared.vocabulary import Work
from handoff_service.store.conversations import interactions
from handoff_service.store.desk import user_merges, user_words
from handoff_service.store.desk_file import record_changes
from handoff_service.store.engine import due_work
from handoff_service.store.engine import tables as t
from handoff_service.store.engine.one_of import one_of
from handoff_service.store.engine.transaction import Transaction

u, n, p, g, i = t.users, t.user_numbers, t.messaging_profiles, t.user_merges, t.interactions


@dataclass(frozen=True, slots=True, kw_only=True)
class UndoMerge:
    """``user_id``: either user of the merge. If the user stayed in several merges, the newest one
    is undone."""

    user_id: int
    agent_id: int | None


def undo_merge(tx: Transaction, command: UndoMerge) -> int:
    """Undo the merge and return the id of the user who is back. Raises NotFound for an unknown id.
    Raises Conflict when there is no merge to undo, or when it cannot be undone now."""
    merge, stays, goes = _locked(tx, command.user_id)
    _check(tx, merge, stays)
    before = {
        one.id: record_changes.entry(tx.conn, Noun.USER, str(one.id)) for one in (stays, goes)
    }
    running = _lock_conversations(tx, merge)
    _move_back(tx, merge)
    refuse_own_numbers(tx, [("numbers", one) for one in merge.gone["numbers"]])
    _put_values_back(tx, merge, stays, goes)
    _put_numbers_back(tx, merge)
    back = update(u).where(u.c.id == goes.id)
    tx.conn.execute(back.values(active=merge.gone["active"], merged_into=None))
    for name, row in merge.gone["facts"].items():
        put_fact(tx, goes.id, name, row)
    user_words.index_users(tx.conn, [stays.id, goes.id])
    done = {"undone_at": tx.now, "moved": {}, "cleared": {}, "gone": {}, "changes": {}}
    tx.conn.execute(update(g).where(g.c.id == merge.id).values(**done))
    due_work.cancel(tx, Work.SETTLE_MERGE, [merge.id])
    _record(tx, stays, goes, before)
    did = f"undid the merge of {distinct_name(goes, stays)} into {distinct_name(stays, goes)}"
    announce(tx, running, command.agent_id, did, now=goes.name)
    return int(goes.id)


def _locked(tx: Transaction, user_id: int) -> tuple[Any, Any, Any]:
    """The merge to undo, the user who stayed and the user who went. All are locked, the users in
    the order of their ids."""
    live = g.c.undone_at.is_(None), or_(g.c.goes_id == user_id, g.c.stays_id == user_id)
    # the merge of this user into another user comes first, because nobody can have been merged into
    # this user since
    order = (g.c.goes_id == user_id).desc(), g.c.id.desc()
    merge = tx.conn.execute(select(g).where(*live).order_by(*order).limit(1)).one_or_none()
    if merge is None:
        name = tx.conn.execute(select(u.c.name).where(u.c.id == user_id)).scalar()
        if name is None:
            raise NotFound(phrase("There is no user {id}.", id=user_id))
        raise Conflict(phrase("There is no merge of {name} to undo.", name=name))
    two = one_of(u.c.id, [merge.stays_id, merge.goes_id])
    query = select(u).where(two).order_by(u.c.id).with_for_update(key_share=True)
    rows = {row.id: row for row in tx.conn.execute(query)}
    # somebody else may have undone the merge in the meantime
    again = select(g).where(g.c.id == merge.id, g.c.undone_at.is_(None)).with_for_update()
    if tx.conn.execute(again).one_or_none() is None:
        raise Conflict(phrase("Somebody else has just undone this merge."))
    return merge, rows[merge.stays_id], rows[merge.goes_id]


def _check(tx: Transaction, merge: Any, stays: Any) -> None:
    if tx.now > merge.undo_until:
        raise Conflict(
            phrase(
                "This merge could be undone until {time} UTC.",
                time=f"{merge.undo_until:%Y-%m-%d %H:%M}",
            )
        )
    if number := user_merges.erasure_of(tx.conn, stays.id):
        raise Conflict(
            phrase(
                "{name} is being erased. See the receipt {number}.", name=stays.name, number=number
            )
        )
    two = [merge.stays_id, merge.goes_id]
    touches = or_(one_of(g.c.stays_id, two), one_of(g.c.goes_id, two))
    later = select(g).where(g.c.id > merge.id, g.c.undone_at.is_(None), touches)
    newest = tx.conn.execute(later.order_by(g.c.id.desc()).limit(1)).one_or_none()
    if newest is not None:
        of = select(u.c.id, u.c.name).where(one_of(u.c.id, [newest.goes_id, newest.stays_id]))
        names = {row.id: row.name for row in tx.conn.execute(of)}
        raise Conflict(
            phrase(
                "Undo the later merge of {name} into {other} first.",
                name=names[newest.goes_id],
                other=names[newest.stays_id],
            )
        )


def _lock_conversations(tx: Transaction, merge: Any) -> list[interactions.InteractionRow]:
    """Lock and return the open conversations that return to the user who went. Call this before the
    profiles are locked."""
    moved = merge.moved.get("interactions.user_id", [])
    ids = select(i.c.id).where(
        one_of(i.c.id, moved), i.c.user_id == merge.stays_id, i.c.closed_at.is_(None)
    )
    return list(interactions.lock_each(tx.conn, tx.conn.execute(ids).scalars().all()).values())


def _move_back(tx: Transaction, merge: Any) -> None:
    for column in user_merges.REFERENCES:
        ids = merge.moved.get(f"{column.table.name}.{column.name}", [])
        mine = one_of(column.table.c.id, ids), column == merge.stays_id
        tx.conn.execute(update(column.table).where(*mine).values({column: merge.goes_id}))
    for profile, user_id in merge.cleared.items():
        mine = p.c.id == int(profile), p.c.not_user_id.is_(None)
        tx.conn.execute(update(p).where(*mine).values(not_user_id=user_id))


def _put_numbers_back(tx: Transaction, merge: Any) -> None:
    _, added = merge.changes["numbers"]
    tx.conn.execute(delete(n).where(n.c.user_id == merge.stays_id, one_of(n.c.number, added)))
    theirs = [{"user_id": merge.goes_id, "number": one} for one in merge.gone["numbers"]]
    if theirs:
        tx.conn.execute(insert(n), theirs)


def _put_values_back(tx: Transaction, merge: Any, stays: Any, goes: Any) -> None:
    """Restore each value that nobody has changed since the merge."""
    facts = user_merges.facts_of(tx.conn, stays.id)
    hashes = {name: row["hash"] for name, row in facts.items()}
    now = user_merges.values(stays, hashes)
    same = {
        key: before
        for key, (before, after) in merge.changes.items()
        if key != "numbers" and now.get(key) == after
    }
    _put_external_ids_back(tx, merge, goes, same)
    attributes = dict(stays.attributes)
    for key, before in same.items():
        name = key.removeprefix(ATTRIBUTE)
        if key.startswith(FACT):
            put_fact(tx, stays.id, key.removeprefix(FACT), before)
        elif key.startswith(ATTRIBUTE) and before is None:
            del attributes[name]
        elif key.startswith(ATTRIBUTE):
            attributes[name] = before
    fields = {key: before for key, before in same.items() if key in FIELDS}
    tx.conn.execute(update(u).where(u.c.id == stays.id).values(attributes=attributes, **fields))


def _put_external_ids_back(tx: Transaction, merge: Any, goes: Any, same: Mapping[str, Any]) -> None:
    """Give the user who went their own employee number back. Raises Conflict when it is in use."""
    if "external_id" not in merge.changes:
        return
    _, own = merge.changes["external_id"]
    away = update(u).where(u.c.id == goes.id)
    tx.conn.execute(away.values(external_id=f"swapping {goes.id}"))
    if "external_id" in same:
        mine = update(u).where(u.c.id == merge.stays_id)
        tx.conn.execute(mine.values(external_id=same["external_id"]))
    used = select(u.c.name).where(u.c.external_id == own)
    if (name := tx.conn.execute(used).scalar()) is not None:
        raise Conflict(
            phrase(
                "{name} now has the employee number “{number}”. Change it there first.",
                name=name,
                number=own,
            )
        )
    tx.conn.execute(away.values(external_id=own))


def _record(tx: Transaction, stays: Any, goes: Any, before: Mapping[int, Any]) -> None:
    for one, more in (
        (stays, {"merged": [goes.name, None]}),
        (goes, {"merged_into": [stays.name, None]}),
    ):
        now = record_changes.entry(tx.conn, Noun.USER, str(one.id))
        changes = more | difference(before[one.id], now)
        record_as(tx, Noun.USER, one.id, changes, AuditAction.MERGE_UNDONE)
