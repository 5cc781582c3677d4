"""Finds and replaces a person's name, numbers and address in other people's rows, such as a note in
a colleague's conversation."""

import json
import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection, func, or_, select, update

from handoff_service.rules.privacy.erasures import REPLACEMENT
from handoff_service.store.conversations import text_index
from handoff_service.store.engine import tables as t
from handoff_service.store.engine.one_of import one_of
from handoff_service.store.engine.transaction import Transaction
from handoff_service.store.privacy.empty_rows import secure_delete
from handoff_service.store.privacy.erase_plan import BY_VALUE, NOT_PERSONAL, PARTS
from handoff_service.store.privacy.people import with_merged

# an erasure needs its own row until its end; person_rows.py deletes the rows of the other tables
_NOT_SEARCHED = {*NOT_PERSONAL, "erasures", "due_work", "user_words", "user_numbers", "users"}
_NOT_SEARCHED |= {"audit_log"}  # entries cannot be changed, so ``erase_audit`` deletes them
_NOT_SEARCHED |= {"user_facts", "user_merges", "messaging_profiles", "opt_outs", "unknown_replies"}
# columns with numbers, which person_rows.py handles
_NUMBERS = frozenset({"number", "requester_number"})
MIN_LENGTH = 4  # shorter words are not searched for


@dataclass(frozen=True, slots=True)
class MentioningRows:
    """The primary keys of a table's rows that mention the person."""

    table: str
    keys: Sequence[Any]


def words_about(conn: Connection, numbers: Sequence[str], user_id: int | None) -> list[str]:
    """Return the person's numbers, addresses, employee numbers and names. Names of a single word,
    and words shorter than ``MIN_LENGTH``, are left out."""
    found = list(numbers)
    u = t.users
    ids = with_merged(conn, user_id) if user_id else []
    for row in conn.execute(select(u).where(one_of(u.c.id, ids)).order_by(u.c.id)):
        found += [word for word in (row.email, row.external_id) if word]
        if " " in row.name.strip():
            found.append(row.name.strip())
    return [word for word in dict.fromkeys(found) if len(word) >= MIN_LENGTH]


def own_words(conn: Connection, words: Collection[str], user_id: int | None) -> list[str]:
    """Return these words without names that somebody else also has. This reads all users."""
    ids = with_merged(conn, user_id) if user_id else []
    return [word for word in words if " " not in word or not _has_another_person(conn, word, ids)]


def _has_another_person(conn: Connection, name: str, mine: Collection[int]) -> bool:
    u, a = t.users.c, t.agents.c
    same = name.lower()
    users = select(u.id).where(func.lower(u.name) == same, u.id.not_in(mine))
    agents = select(a.id).where(func.lower(a.name) == same)
    return conn.execute(users.union_all(agents).limit(1)).first() is not None


def columns() -> Iterator[tuple[sa.Table, list[sa.Column[Any]]]]:
    """Yield the columns that can mention a person, by table."""
    for name, table in t.metadata.tables.items():
        if name in _NOT_SEARCHED:
            continue
        personal = set(BY_VALUE.get(name, ()))
        for part in PARTS:
            personal |= set(part.empties or ()) if part.table is table else set()
            if part.table is table and part.empties is None:
                personal |= {c.name for c in table.c if isinstance(c.type, sa.Text | sa.JSON)}
        personal -= _NUMBERS
        text = [c for c in table.c if c.name in personal and isinstance(c.type, sa.Text | sa.JSON)]
        if text and len(table.primary_key.columns) == 1:
            yield table, text


def find(conn: Connection, words: Collection[str]) -> list[MentioningRows]:
    """Return all rows that contain one of these words. This reads whole tables, so it must not run
    in a lane."""
    found = []
    for table, text in columns() if words else ():
        (key,) = table.primary_key.columns
        matches = or_(*(_like(c, word) for c in text for word in words))
        keys = list(conn.execute(select(key).where(matches).order_by(key)).scalars())
        if keys:
            found.append(MentioningRows(table.name, keys))
    return found


def _like(column: sa.Column[Any], word: str) -> sa.ColumnElement[bool]:
    if isinstance(column.type, sa.JSON):
        escaped = json.dumps(word)[1:-1]
        return sa.cast(column, sa.Text).icontains(escaped, autoescape=True)
    return column.icontains(word, autoescape=True)


def replace(tx: Transaction, found: MentioningRows, words: Collection[str]) -> int:
    """Replace the words in these rows. Return how many rows changed."""
    table = t.metadata.tables[found.table]
    (key,) = table.primary_key.columns
    text = next(cells for one, cells in columns() if one is table)
    pattern = re.compile("|".join(map(re.escape, words)), re.IGNORECASE)
    rows = tx.conn.execute(select(key, *text).where(one_of(key, found.keys))).all()
    changed = 0
    with secure_delete(tx):
        is_text = table is t.messages
        if is_text:
            text_index.forget_lines(tx.conn, list(found.keys))
        for row in rows:
            values = _replaced(row._mapping, text, pattern)
            if values:
                changed += 1
                tx.conn.execute(update(table).where(key == row[0]).values(**values))
        if is_text:
            text_index.index_again(tx.conn, list(found.keys))
    return changed


def _replaced(
    row: Mapping[Any, Any], text: Sequence[sa.Column[Any]], pattern: re.Pattern[str]
) -> dict[str, Any]:
    values = {}
    for column in text:
        before = row[column.name]
        if before is not None and (after := _without(before, pattern)) != before:
            values[column.name] = after
    return values


def _without(value: Any, pattern: re.Pattern[str]) -> Any:
    """Replace the words in a value, including lists and objects."""
    if isinstance(value, str):
        return pattern.sub(REPLACEMENT, value)
    if isinstance(value, list):
        return [_without(one, pattern) for one in value]
    if isinstance(value, dict):
        return {_without(k, pattern): _without(v, pattern) for k, v in value.items()}
    return value
