"""Removes the rows that have a person's number, or that are the person's record."""

from collections.abc import Collection, Sequence

import sqlalchemy as sa
from sqlalchemy import delete, or_, select, update

from handoff_service.rules.delivery.senders import ERASED as ALIAS
from handoff_service.rules.desk.record_changes import Noun
from handoff_service.store.consent import kept_opt_outs
from handoff_service.store.conversations import text_index
from handoff_service.store.desk import user_words
from handoff_service.store.desk_file.record_changes import place_of_deleted
from handoff_service.store.engine import tables as t
from handoff_service.store.engine.one_of import one_of
from handoff_service.store.engine.transaction import Transaction
from handoff_service.store.privacy.empty_rows import secure_delete
from handoff_service.store.privacy.people import with_merged

i, p, q = t.interactions, t.messaging_profiles, t.satisfaction_questions
ERASED = "Erased"  # stands for the name of a deleted record


def alias(tx: Transaction, erasure_id: int, number: str) -> str:
    """The replacement of an erased number, so that its conversations stay together."""
    return f"{ALIAS}{erasure_id}-{kept_opt_outs.number_hash(kept_opt_outs.own_key(tx), number)[:6]}"


def unname(tx: Transaction, erasure_id: int, ids: Sequence[int]) -> None:
    """Remove the number and the user from emptied conversations."""
    numbers = tx.conn.execute(
        select(i.c.requester_number).where(one_of(i.c.id, ids)).distinct()
    ).scalars()
    with secure_delete(tx):
        text_index.forget_numbers(tx.conn, ids)
        for number in list(numbers):
            name = alias(tx, erasure_id, number)
            mine = select(i.c.id).where(one_of(i.c.id, ids), i.c.requester_number == number)
            of_proofs = select(t.proofs.c.id).where(t.proofs.c.interaction_id.in_(mine))
            sends = update(t.proof_sends).where(t.proof_sends.c.proof_id.in_(of_proofs))
            tx.conn.execute(sends.values(number=name, code_hash=None))
            proofs = update(t.proofs).where(t.proofs.c.interaction_id.in_(mine))
            tx.conn.execute(proofs.values(number=name))
            for table, key in ((q, q.c.interaction_id), (i, i.c.id)):
                where = one_of(key, ids) & (table.c.requester_number == number)
                tx.conn.execute(update(table).where(where).values(requester_number=name))
        tx.conn.execute(
            update(i)
            .where(one_of(i.c.id, ids))
            .values(user_id=None, emptied_at=sa.func.coalesce(i.c.emptied_at, tx.now))
        )


def forget_number(tx: Transaction, erasure_id: int, number: str) -> dict[str, int]:
    """Remove what belongs to a number. Its opt-outs stay under a keyed hash. Returns kind -> how
    many were removed."""
    name = alias(tx, erasure_id, number)
    with secure_delete(tx):
        kept = kept_opt_outs.keep(tx, number)
        tx.conn.execute(delete(t.opt_outs).where(t.opt_outs.c.number == number))
        entries = tx.conn.execute(delete(t.consents).where(t.consents.c.number == number)).rowcount
        tx.conn.execute(delete(t.unknown_replies).where(t.unknown_replies.c.number == number))
        sends = update(t.proof_sends).where(t.proof_sends.c.number == number)
        tx.conn.execute(sends.values(number=name, code_hash=None))
        tx.conn.execute(update(t.proofs).where(t.proofs.c.number == number).values(number=name))
        profiles = _forget_profiles(tx, number, name)
        n = t.user_numbers
        gone = delete(n).where(n.c.number == number).returning(n.c.user_id)
        user_words.index_users(tx.conn, list(tx.conn.execute(gone).scalars()))
        tx.conn.execute(
            delete(t.due_work).where(
                t.due_work.c.line.contains(number, autoescape=True),
                ~_is_of_newer_conversation(number),
            )
        )
    return {"consent_entries": entries, "kept_opt_outs": kept, "profiles": profiles}


def _is_of_newer_conversation(number: str) -> sa.ColumnElement[bool]:
    """Whether the number has a conversation that began after somebody asked for the erasure."""
    return select(i.c.id).where(i.c.requester_number == number).exists()


def _forget_profiles(tx: Transaction, number: str, name: str) -> int:
    """Remove the number from the profiles. The profiles stay for the conversations that refer to
    them. A newer conversation gets its own profile."""
    old = list(tx.conn.execute(select(p.c.id).where(p.c.number == number)).scalars())
    gone = {"number": name, "user_id": None, "not_user_id": None, "active": False}
    tx.conn.execute(update(p).where(one_of(p.c.id, old)).values(**gone))
    newer = one_of(i.c.profile_id, old) & (i.c.requester_number == number)
    if tx.conn.execute(select(i.c.id).where(newer).limit(1)).first() is not None:
        made = sa.insert(p).values(number=number, active=True, created_at=tx.now)
        profile_id = tx.conn.execute(made.returning(p.c.id)).scalar_one()
        tx.conn.execute(update(i).where(newer).values(profile_id=profile_id))
    return len(old)


def forget_user(tx: Transaction, user_id: int) -> int:
    """Delete a user's record and its history, the records of users who were merged into the user,
    and the merges. Nothing refers to them any more. Returns how many records there were.
    """
    ids = with_merged(tx.conn, user_id)
    with secure_delete(tx):
        for one in reversed(ids):
            _forget_record(tx, one)
    return len(ids)


def _forget_record(tx: Transaction, user_id: int) -> None:
    a, r, g = t.associations, t.record_changes, t.user_merges
    tx.conn.execute(delete(g).where(or_(g.c.stays_id == user_id, g.c.goes_id == user_id)))
    for column in (a.c.user_id, a.c.old_user_id, t.proofs.c.user_id, t.cases.c.user_id):
        tx.conn.execute(update(column.table).where(column == user_id).values({column: None}))
    for column in (p.c.user_id, p.c.not_user_id, i.c.user_id):
        tx.conn.execute(update(column.table).where(column == user_id).values({column: None}))
    tx.conn.execute(delete(r).where(r.c.noun == Noun.USER, r.c.record == str(user_id)))
    tx.conn.execute(delete(t.users).where(t.users.c.id == user_id))


def forget_deleted_users(tx: Transaction, words: Collection[str]) -> int:
    """Empty the kept records of users that were deleted earlier and had one of these numbers,
    addresses or employee numbers. Returns how many there were."""
    d, r = t.deleted_records, t.record_changes
    if not words:
        return 0
    text = sa.cast(d.c.changes, sa.Text)
    holds = or_(*(text.contains(f'"{word}"', autoescape=True) for word in words))
    found = list(tx.conn.execute(select(d.c.id).where(d.c.noun == Noun.USER, holds)).scalars())
    with secure_delete(tx):
        for one in found:
            place = place_of_deleted(one)
            tx.conn.execute(delete(r).where(r.c.noun == Noun.USER, r.c.record == place))
        gone = update(d).where(one_of(d.c.id, found)).values(name=ERASED, changes={})
        tx.conn.execute(gone)
    return len(found)
