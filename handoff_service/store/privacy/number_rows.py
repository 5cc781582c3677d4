"""Rows with a copy of their conversation's requester number. Retention and erasures replace the
number in these rows before they replace it in the conversation."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy import Connection, select

from handoff_service.rules.delivery.senders import DELETED, ERASED
from handoff_service.store.engine import tables as t
from handoff_service.store.engine.one_of import one_of

NOBODY = "deleted"  # replaces a number in rows that no longer refer to a conversation
p, q, s = t.proofs, t.satisfaction_questions, t.proof_sends
#: Table -> the key column, and the column with the number.
COLUMNS: dict[str, tuple[sa.Column[int], sa.Column[str]]] = {
    s.name: (s.c.id, s.c.number),
    p.name: (p.c.id, p.c.number),
    q.name: (q.c.interaction_id, q.c.requester_number),
}


@dataclass(frozen=True, slots=True)
class NumberRows:
    """Rows of one of the tables in ``COLUMNS``, by key."""

    table: str
    keys: Sequence[int]


def number_rows(conn: Connection, ids: Collection[int]) -> list[NumberRows]:
    """Return the rows that still have the numbers of these conversations."""
    of_proofs = select(p.c.id).where(one_of(p.c.interaction_id, ids))
    belongs: dict[str, sa.ColumnElement[bool]] = {
        s.name: s.c.proof_id.in_(of_proofs),
        p.name: one_of(p.c.interaction_id, ids),
        q.name: one_of(q.c.interaction_id, ids),
    }
    found = []
    for table, (key, number) in COLUMNS.items():
        query = select(key).where(belongs[table], is_number(number), number != NOBODY)
        if keys := list(conn.execute(query.order_by(key)).scalars()):
            found.append(NumberRows(table, keys))
    return found


def is_number(column: sa.Column[str]) -> sa.ColumnElement[bool]:
    """Build a condition: whether the number has not been replaced yet."""
    return column.not_like(f"{ERASED}%") & column.not_like(f"{DELETED}%")
