"""Whom an erasure or an archive is about: a number, or a user with all of the user's numbers."""

from collections.abc import Sequence
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy import Connection, or_, select

from handoff_service.errors import BadInput, NotFound
from handoff_service.store.desk.users import stays_for
from handoff_service.store.engine import tables as t
from handoff_service.store.engine.one_of import one_of

i, p, n, u = t.interactions, t.messaging_profiles, t.user_numbers, t.users


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """- ``numbers``: what belongs to these numbers is the person's.
    - ``shared``: numbers of the user that are also on other users' records -> the others' names.
    - ``user_id``, ``name``: None when only a number is meant.
    """

    numbers: Sequence[str]
    shared: dict[str, str]
    user_id: int | None = None
    name: str | None = None


def find(conn: Connection, *, number: str | None = None, user_id: int | None = None) -> Person:
    """The person. BadInput unless exactly one is given; NotFound for an unknown user."""
    if (number is None) == (user_id is None):
        raise BadInput(errors={"number": "must be given, or user_id, but not both"})
    if number is not None:
        return Person(numbers=[number], shared={})
    user_id = None if user_id is None else stays_for(conn, user_id)
    row = conn.execute(select(u.c.name).where(u.c.id == user_id)).first()
    if row is None:
        raise NotFound(f"There is no user {user_id}.")
    tied = select(p.c.number).where(p.c.user_id == user_id)
    mine = select(n.c.number).where(n.c.user_id == user_id).union(tied)
    numbers = sorted(conn.execute(mine).scalars())
    others = (
        select(n.c.number, u.c.name)
        .join(u, u.c.id == n.c.user_id)
        .where(one_of(n.c.number, numbers), n.c.user_id != user_id)
    )
    shared = {r.number: r.name for r in conn.execute(others)}
    return Person(
        numbers=[one for one in numbers if one not in shared],
        shared=shared,
        user_id=user_id,
        name=row.name,
    )


def find_user(conn: Connection, external_id: str) -> int:
    """The id of the user with this employee number. NotFound."""
    found = conn.execute(select(u.c.id).where(u.c.external_id == external_id)).scalar()
    if found is None:
        raise NotFound(f"There is no user with the employee number {external_id}.")
    return int(found)


def with_merged(conn: Connection, user_id: int) -> list[int]:
    """The user and those who were merged into this user."""
    merged = select(u.c.id).where(u.c.merged_into == user_id).order_by(u.c.id)
    return [user_id, *conn.execute(merged).scalars()]


def conversations(
    numbers: Sequence[str], user_id: int | None, *, newest: int | None = None
) -> sa.Select[int]:
    """The ids of a person's conversations, oldest first, up to the id ``newest``.

    A number's are all on the number. A user's are those with the user, and those on the user's
    numbers with nobody in particular.
    """
    here = one_of(i.c.requester_number, numbers)
    if user_id is not None:
        here = or_(i.c.user_id == user_id, here & i.c.user_id.is_(None))
    query = select(i.c.id).where(here).order_by(i.c.id)
    return query if newest is None else query.where(i.c.id <= newest)
