"""Removes the person's number from rows, and the person's user record."""

from collections.abc import Collection, Sequence

import sqlalchemy as sa
from sqlalchemy import delete, or_, select, update

from handoff_service.rules.delivery.senders import ERASED as ALIAS
from handoff_service.rules.desk.record_changes import Noun
from handoff_service.rules.shared.vocabulary import Work
from handoff_service.store.consent import kept_opt_outs
from handoff_service.store.conversations import text_index
from handoff_service.store.desk import user_words
from handoff_service.store.desk_file.record_changes import place_of_deleted
from handoff_service.store.engine import tables as t
from handoff_service.store.engine.one_of import one_of
from handoff_service.store.engine.transaction import Transaction
from handoff_service.store.privacy.empty_rows import secure_delete
from handoff_service.store.privacy.number_rows import COLUMNS, NumberRows
from handoff_service.store.privacy.people import with_merged
from handoff_service.store.privacy.person_searches import UserRows

i, p = t.interactions, t.messaging_profiles
ERASED = "Erased"  # replaces the name of a deleted record


def alias(tx: Transaction, erasure_id: int, number: str) -> str:
    """Return the alias of an erased number. All conversations on the number get the same alias."""
    return f"{ALIAS}{erasure_id}-{kept_opt_outs.number_hash(kept_opt_outs.own_key(tx), number)[:6]}"


def replace_numbers(tx: Transaction, erasure_id: int, rows: NumberRows) -> None:
    """Replace the person's number in these rows with its alias."""
    key, number = COLUMNS[rows.table]
    codes = {t.proof_sends.c.code_hash: None} if key.table is t.proof_sends else {}
    mine = one_of(key, rows.keys)
    with secure_delete(tx):
        for one in list(tx.conn.execute(select(number).where(mine).distinct()).scalars()):
            values = {number: alias(tx, erasure_id, one), **codes}
            tx.conn.execute(update(key.table).where(mine, number == one).values(values))


def anonymize_conversations(tx: Transaction, erasure_id: int, ids: Sequence[int]) -> None:
    """Remove the number and the user from emptied conversations."""
    number, mine = i.c.requester_number, one_of(i.c.id, ids)
    with secure_delete(tx):
        text_index.forget_numbers(tx.conn, ids)
        emptied = {"user_id": None, "emptied_at": sa.func.coalesce(i.c.emptied_at, tx.now)}
        for one in list(tx.conn.execute(select(number).where(mine).distinct()).scalars()):
            named = emptied | {"requester_number": alias(tx, erasure_id, one)}
            tx.conn.execute(update(i).where(mine, number == one).values(**named))


def forget_consent(tx: Transaction, number: str) -> dict[str, int]:
    """Delete a number's consent entries. Keep its opt-outs under a keyed hash. Return the number of
    rows by kind."""
    with secure_delete(tx):
        kept = kept_opt_outs.keep(tx, number)
        tx.conn.execute(delete(t.opt_outs).where(t.opt_outs.c.number == number))
        entries = tx.conn.execute(delete(t.consents).where(t.consents.c.number == number)).rowcount
    return {"consent_entries": entries, "kept_opt_outs": kept}


def forget_number(
    tx: Transaction, erasure_id: int, number: str, profiles: Sequence[int]
) -> dict[str, int]:
    """Remove a number from proofs, code requests, users and messaging profiles. ``profiles``: the
    profiles with the number. Return the number of rows by kind."""
    name = alias(tx, erasure_id, number)
    with secure_delete(tx):
        sends = update(t.proof_sends).where(t.proof_sends.c.number == number)
        tx.conn.execute(sends.values(number=name, code_hash=None))
        tx.conn.execute(update(t.proofs).where(t.proofs.c.number == number).values(number=name))
        _forget_profiles(tx, number, profiles, name)
        n = t.user_numbers
        emptied = delete(n).where(n.c.number == number).returning(n.c.user_id)
        user_words.index_users(tx.conn, list(tx.conn.execute(emptied).scalars()))
    return {"profiles": len(profiles)}


def drop_work(tx: Transaction, ids: Collection[int]) -> None:
    """Delete these rows of due work."""
    d = t.due_work
    kinds = tx.conn.execute(delete(d).where(one_of(d.c.id, ids)).returning(d.c.kind)).scalars()
    for kind in set(kinds):
        tx.work_is_due(Work(kind), tx.now)  # workers may now claim later rows of these lines


def drop_unknown_replies(tx: Transaction, ids: Collection[int]) -> None:
    """Delete the records of these automatic replies."""
    u = t.unknown_replies
    with secure_delete(tx):
        tx.conn.execute(delete(u).where(one_of(u.c.message_id, ids)))


def _forget_profiles(tx: Transaction, number: str, old: Sequence[int], name: str) -> None:
    """Remove the number from the profiles. They remain, because conversations refer to them. A
    newer conversation on the number gets a new profile."""
    emptied = {"number": name, "user_id": None, "not_user_id": None, "active": False}
    tx.conn.execute(update(p).where(one_of(p.c.id, old)).values(**emptied))
    newer = one_of(i.c.profile_id, old) & (i.c.requester_number == number)
    if tx.conn.execute(select(i.c.id).where(newer).limit(1)).first() is not None:
        made = sa.insert(p).values(number=number, active=True, created_at=tx.now)
        profile_id = tx.conn.execute(made.returning(p.c.id)).scalar_one()
        tx.conn.execute(update(i).where(newer).values(profile_id=profile_id))


def leave_user(tx: Transaction, rows: UserRows) -> None:
    """Remove the reference to the user from these rows."""
    table = t.metadata.tables[rows.table]
    with secure_delete(tx):
        mine = one_of(table.c.id, rows.keys) & one_of(table.c[rows.column], rows.user_ids)
        tx.conn.execute(update(table).where(mine).values({rows.column: None}))


def forget_changes(tx: Transaction, ids: Collection[int]) -> None:
    """Delete these entries of the change history."""
    r = t.record_changes
    with secure_delete(tx):
        tx.conn.execute(delete(r).where(one_of(r.c.id, ids)))


def forget_user(tx: Transaction, user_id: int) -> int:
    """Delete a user, the users who were merged into them, and the merges. Earlier steps have
    removed most references to them. Return the number of deleted users.
    """
    with secure_delete(tx):
        return sum(_forget_record(tx, one) for one in reversed(with_merged(tx.conn, user_id)))


def _forget_record(tx: Transaction, user_id: int) -> int:
    a, r, g = t.associations, t.record_changes, t.user_merges
    tx.conn.execute(delete(g).where(or_(g.c.stays_id == user_id, g.c.goes_id == user_id)))
    # for rows that were added since the earlier steps
    for column in (a.c.user_id, a.c.old_user_id, t.proofs.c.user_id, t.cases.c.user_id):
        tx.conn.execute(update(column.table).where(column == user_id).values({column: None}))
    for column in (p.c.user_id, i.c.user_id):
        tx.conn.execute(update(column.table).where(column == user_id).values({column: None}))
    tx.conn.execute(delete(r).where(r.c.noun == Noun.USER, r.c.record == str(user_id)))
    return tx.conn.execute(delete(t.users).where(t.users.c.id == user_id)).rowcount


def forget_deleted_users(tx: Transaction, ids: Collection[int]) -> int:
    """Empty these records of users who were deleted earlier. Return the number of records."""
    d, r = t.deleted_records, t.record_changes
    places = [place_of_deleted(one) for one in ids]
    with secure_delete(tx):
        tx.conn.execute(delete(r).where(r.c.noun == Noun.USER, one_of(r.c.record, places)))
        emptied = update(d).where(one_of(d.c.id, ids)).values(name=ERASED, changes={})
        return tx.conn.execute(emptied).rowcount
