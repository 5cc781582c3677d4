"""Import the users of a desk file, thousands at a time. One statement per table writes all
differences.

If users were imported one by one, each would take two milliseconds in a transaction that blocks all
texts.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from sqlalchemy import bindparam, delete, insert, select, update

from handoff_service.errors import BadInput
from handoff_service.operations.desk.own_numbers import refuse_own_numbers
from handoff_service.operations.desk.users import ChangeUser, MakeUser, change_user, make_user
from handoff_service.operations.desk_file.desk_file import UserEntry
from handoff_service.operations.identity.knowledge_facts import Fact, write_facts
from handoff_service.operations.shared.record_changes import record_many
from handoff_service.rules.desk.attributes import AttributeOwner, read_values
from handoff_service.rules.desk.record_changes import Changes, Entry, Noun, difference
from handoff_service.rules.shared.phrases import phrase
from handoff_service.store.desk import attributes, user_words
from handoff_service.store.desk.users import merged_sentence, select_users
from handoff_service.store.desk_file import entries as desk_entries
from handoff_service.store.engine import bulk
from handoff_service.store.engine import tables as t
from handoff_service.store.engine.one_of import one_of
from handoff_service.store.engine.transaction import Transaction

u, n = t.users, t.user_numbers
COLUMNS = ("name", "email", "attributes")


def import_users(
    tx: Transaction, entries: Sequence[UserEntry], facts: Mapping[str, Mapping[str, Fact]]
) -> None:
    """Create or update users. ``facts``: employee number -> the user's new facts. Users who are
    deactivated, or whom the file deactivates, are changed one by one, because activating or
    deactivating them has further effects, such as a line in their conversations. Raises BadInput
    for wrong entries.
    """
    refuse_own_numbers(
        tx,
        [(f"users.{one.external_id}.numbers", number) for one in entries for number in one.numbers],
    )
    for batch in _each_once(_checked(tx, entries)):
        query = select(u).where(one_of(u.c.external_id, [entry.external_id for entry in batch]))
        stored = {
            row.external_id: row
            for row in tx.conn.execute(query.order_by(u.c.id).with_for_update(key_share=True))
        }
        _refuse_merged(tx, stored)
        alone = [entry for entry in batch if not _is_plain(entry, stored.get(entry.external_id))]
        for entry in alone:
            _one(tx, entry, stored.get(entry.external_id), facts.get(entry.external_id, {}))
        names = {entry.external_id for entry in alone}
        _plain(tx, [entry for entry in batch if entry.external_id not in names], stored, facts)


def _refuse_merged(tx: Transaction, stored: Mapping[str, Any]) -> None:
    """Raise BadInput for each entry of a user who was merged into another user."""
    errors = {
        f"users.{external_id}": phrase(
            "must be left out of the file: {reason}",
            reason=merged_sentence(tx.conn, row.id),
        )
        for external_id, row in stored.items()
        if row.merged_into is not None
    }
    if errors:
        raise BadInput(errors=errors)


def _checked(tx: Transaction, entries: Sequence[UserEntry]) -> list[UserEntry]:
    """Return the entries with their attributes in stored form. Raises BadInput with the wrong
    values."""
    defined = attributes.definitions(tx.conn, AttributeOwner.USER)
    errors, checked = dict[str, str](), []
    for entry in entries:
        values, wrong = read_values(defined, entry.attributes)
        if wrong:
            errors[f"users.{entry.external_id}.attributes"] = "; ".join(wrong)
        same = values == entry.attributes
        checked.append(entry if same else entry.model_copy(update={"attributes": values}))
    if errors:
        raise BadInput(errors=errors)
    return checked


def _each_once(entries: Sequence[UserEntry]) -> Iterator[list[UserEntry]]:
    """The entries in order, in batches that contain no user twice."""
    batch: dict[str, UserEntry] = {}
    for entry in entries:
        if entry.external_id in batch:
            yield list(batch.values())
            batch = {}
        batch[entry.external_id] = entry
    yield list(batch.values())


def _is_plain(entry: UserEntry, stored: Any | None) -> bool:
    """Whether the user is new or active, and the entry does not deactivate them."""
    return entry.active is not False and (stored is None or stored.active)


def _one(tx: Transaction, entry: UserEntry, stored: Any | None, facts: Mapping[str, Fact]) -> None:
    values: dict[str, Any] = {name: getattr(entry, name) for name in (*COLUMNS, "numbers")}
    user_id = (
        stored.id
        if stored
        else make_user(tx, MakeUser(external_id=entry.external_id, name=entry.name))
    )
    if entry.active is not None:
        values["active"] = entry.active
    active = entry.active if entry.active is not None else stored is None or stored.active
    if active:  # deactivated users have no facts
        values["facts"] = facts
    change_user(tx, ChangeUser(id=user_id, by=None, values=values))


def _plain(
    tx: Transaction,
    entries: Sequence[UserEntry],
    stored: Mapping[str, Any],
    facts: Mapping[str, Mapping[str, Fact]],
) -> None:
    before = _on_file(tx, [row.id for row in stored.values()])
    ids = {external_id: row.id for external_id, row in stored.items()} | _insert(
        tx, [entry for entry in entries if entry.external_id not in stored]
    )
    changed = [
        {"id": ids[entry.external_id]} | {name: getattr(entry, name) for name in COLUMNS}
        for entry in entries
        if (row := stored.get(entry.external_id))
        and any(getattr(row, c) != getattr(entry, c) for c in COLUMNS)
    ]
    for row in changed:  # few rows, and JSON cannot be an array element
        tx.conn.execute(update(u).where(u.c.id == row.pop("id")).values(row))
    _put_numbers(tx, {ids[entry.external_id]: entry.numbers for entry in entries})
    user_words.index_users(tx.conn, [ids[entry.external_id] for entry in entries])
    new_facts = {ids[entry.external_id]: facts.get(entry.external_id, {}) for entry in entries}
    write_facts(tx, new_facts)
    changes: dict[str, Changes] = {str(one): {} for one in new_facts if one not in before}
    for user_id, now in _on_file(tx, before).items():
        fact_changes = {"facts": [None, None]} if new_facts.get(user_id) else {}
        if differs := difference(before[user_id], now) | fact_changes:
            changes[str(user_id)] = differs
    record_many(tx, Noun.USER, changes)


def _on_file(tx: Transaction, ids: Iterable[int]) -> dict[int, Entry]:
    return {one.id: desk_entries.user(one) for one in select_users(tx.conn, one_of(u.c.id, ids))}


def _insert(tx: Transaction, entries: Sequence[UserEntry]) -> dict[str, int]:
    if not entries:
        return {}
    rows = [
        {name: getattr(entry, name) for name in ("external_id", *COLUMNS)} | {"active": True}
        for entry in entries
    ]
    made = tx.conn.execute(insert(u).returning(u.c.external_id, u.c.id), rows).all()
    return {row.external_id: row.id for row in made}


def _put_numbers(tx: Transaction, wanted: Mapping[int, Sequence[str]]) -> None:
    """Replace the numbers of users. ``wanted``: user id -> all numbers of the user."""
    there = {
        (row.user_id, row.number)
        for row in tx.conn.execute(select(n).where(one_of(n.c.user_id, wanted)))
    }
    right = {(user_id, number): None for user_id, numbers in wanted.items() for number in numbers}
    gone = [{"_user_id": user_id, "_number": number} for user_id, number in there - right.keys()]
    if gone:
        mine = n.c.user_id == bindparam("_user_id"), n.c.number == bindparam("_number")
        tx.conn.execute(delete(n).where(*mine), gone)
    new = [
        {"user_id": user_id, "number": number}
        for user_id, number in right
        if (user_id, number) not in there
    ]
    bulk.insert_rows(tx.conn, n, new)
    if new:
        p = t.messaging_profiles  # they have the number now, so an earlier "not this user" ends
        theirs = (
            p.c.number == bindparam("_number"),
            p.c.not_user_id == bindparam("_user_id"),
            p.c.active,
        )
        them = [{"_user_id": row["user_id"], "_number": row["number"]} for row in new]
        tx.conn.execute(update(p).where(*theirs).values(not_user_id=None), them)
