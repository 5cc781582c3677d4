"""Merges of users: the merges into a user, the rows that a merge moves, and a user's values."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection, func, select

from handoff_service.rules.desk.user_merges import ATTRIBUTE, FACT, FIELDS
from handoff_service.rules.shared.vocabulary import Kind
from handoff_service.store.engine import tables as t
from handoff_service.store.engine.row_references import columns_to
from handoff_service.store.views import Named

u, g, i, m = t.users, t.user_merges, t.interactions, t.messages
#: The columns that a merge changes from one user to the other. A test compares the list with the
#: foreign keys.
REFERENCES: Sequence[sa.Column[Any]] = (
    *(one for one in columns_to(u) if one.table is not g),
    t.messaging_profiles.c.not_user_id,
    u.c.merged_into,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class UserMerge:
    """A merge that was not undone. ``goes``: the user who was merged into the other one.
    ``external_id``: that user's employee number. ``by``: None for a program or a command."""

    id: int
    goes: Named
    external_id: str
    by: Named | None
    merged_at: datetime
    undo_until: datetime


def merged_into(conn: Connection, user_id: int) -> list[UserMerge]:
    """Return the merges into this user, newest first."""
    a = t.agents
    query = (
        select(g, u.c.name, u.c.external_id, a.c.name.label("agent"))
        .join(u, u.c.id == g.c.goes_id)
        .outerjoin(a, a.c.id == g.c.agent_id)
        .where(g.c.stays_id == user_id, g.c.undone_at.is_(None))
        .order_by(g.c.id.desc())
    )
    return [
        UserMerge(
            id=row.id,
            goes=Named(id=row.goes_id, name=row.name),
            external_id=row.external_id,
            by=None if row.agent_id is None else Named(id=row.agent_id, name=row.agent),
            merged_at=row.merged_at,
            undo_until=row.undo_until,
        )
        for row in conn.execute(query)
    ]


def values(row: Any, facts: Mapping[str, str]) -> dict[str, str]:
    """Convert a row of ``users`` for ``rules/desk/user_merges.py``. ``facts``: the hashes of the
    user's facts by name."""
    return (
        {name: getattr(row, name) for name in FIELDS if getattr(row, name)}
        | {f"{ATTRIBUTE}{key}": value for key, value in row.attributes.items()}
        | {f"{FACT}{name}": value for name, value in facts.items()}
    )


def facts_of(conn: Connection, user_id: int) -> dict[str, dict[str, Any]]:
    """Return the columns of a user's stored facts, by the fact's name."""
    f = t.user_facts
    rows = conn.execute(select(f).where(f.c.user_id == user_id).order_by(f.c.name))
    return {
        row.name: {n: getattr(row, n) for n in ("hash", "fingerprint", "key_id")} for row in rows
    }


def numbers_of(conn: Connection, user_id: int) -> list[str]:
    """Return a user's numbers, sorted."""
    n = t.user_numbers
    theirs = select(n.c.number).where(n.c.user_id == user_id).order_by(n.c.number)
    return list(conn.execute(theirs).scalars())


def erasure_of(conn: Connection, user_id: int) -> str:
    """Return the number of the running erasure of this user, or of one of their numbers; empty if
    there is none."""
    e = t.erasures
    theirs = set(numbers_of(conn, user_id))
    for row in conn.execute(select(e).where(e.c.ended_at.is_(None))):
        if row.user_id == user_id or theirs & set(row.numbers):
            return f"ERA{row.id:07}"
    return ""


def counts(conn: Connection, user_id: int) -> dict[str, int]:
    """Count this user's rows for the preview of a merge, by the kinds in ``TITLES``
    (rules/desk/user_merges.py). Kinds without rows are left out. Attributes and facts are not
    counted, because they depend on the other user.
    """
    theirs = select(i.c.id).where(i.c.user_id == user_id)
    in_theirs = m.c.interaction_id.in_(theirs)
    q, a = t.satisfaction_questions, t.associations
    rated = q.c.interaction_id.in_(theirs) & q.c.grade.is_not(None)
    numbers = numbers_of(conn, user_id)
    wanted: dict[str, tuple[sa.Table, sa.ColumnElement[bool]]] = {
        "conversations": (i, i.c.user_id == user_id),
        "open_conversations": (i, (i.c.user_id == user_id) & i.c.closed_at.is_(None)),
        "texts": (m, in_theirs & (m.c.kind == Kind.MESSAGE)),
        "notes": (m, in_theirs & (m.c.kind == Kind.NOTE)),
        "ratings": (q, rated),
        "profiles": (t.messaging_profiles, t.messaging_profiles.c.user_id == user_id),
        "cases": (t.cases, t.cases.c.user_id == user_id),
        "proofs": (t.proofs, t.proofs.c.user_id == user_id),
        "associations": (a, (a.c.user_id == user_id) | (a.c.old_user_id == user_id)),
        "consent_entries": (t.consents, t.consents.c.number.in_(numbers)),
    }
    found = {"numbers": len(numbers)} | {
        kind: conn.execute(select(func.count()).select_from(table).where(where)).scalar_one()
        for kind, (table, where) in wanted.items()
    }
    return {kind: number for kind, number in found.items() if number}


def opted_out(conn: Connection, numbers: Sequence[str]) -> list[str]:
    """Return the members of ``numbers`` that have opted out of at least one provider number."""
    o = t.opt_outs
    query = select(o.c.number).where(o.c.number.in_(numbers)).distinct().order_by(o.c.number)
    return list(conn.execute(query).scalars())
