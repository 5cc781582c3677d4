"""The person of an erasure or an archive: a number, or a user with all their numbers."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy import Connection, func, or_, select

from handoff_service.errors import BadInput, NotFound
from handoff_service.rules.shared.phrases import phrase
from handoff_service.store.desk.users import stays_for
from handoff_service.store.engine import tables as t
from handoff_service.store.engine.one_of import one_of

BY_ID = re.compile(r"user ([0-9]{1,15})", re.IGNORECASE)
i, p, n, u = t.interactions, t.messaging_profiles, t.user_numbers, t.users


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """The person of an erasure or an archive.

    - ``numbers``: the numbers whose data belongs to the person.
    - ``shared``: the user's numbers that other users also have -> the names of those users.
    - ``user_id``, ``name``: None if the person is only a number.
    """

    numbers: Sequence[str]
    shared: dict[str, str]
    user_id: int | None = None
    name: str | None = None


def find(conn: Connection, *, number: str | None = None, user_id: int | None = None) -> Person:
    """Return the person. Raises BadInput unless exactly one of ``number`` and ``user_id`` is given.
    Raises NotFound for an unknown user."""
    if (number is None) == (user_id is None):
        raise BadInput(errors={"number": phrase("must be given, or user_id, but not both")})
    if number is not None:
        return Person(numbers=[number], shared={})
    user_id = None if user_id is None else stays_for(conn, user_id)
    row = conn.execute(select(u.c.name).where(u.c.id == user_id)).first()
    if row is None:
        raise NotFound(phrase("There is no user {id}.", id=user_id))
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


def find_user(conn: Connection, typed: str) -> int:
    """Return the id of the user with this employee number or e-mail address, or with the id in a
    text such as “user 12”. This also finds deactivated users. Raises NotFound, or BadInput if
    several users have the address."""
    if (by_id := BY_ID.fullmatch(typed.strip())) is not None:
        same = u.c.id == int(by_id[1])
    else:
        same = u.c.external_id == typed
    found = conn.execute(select(u.c.id).where(same)).scalar()
    if found is None and "@" in typed:
        found = _with_mail(conn, typed.strip())
    if found is None:
        raise NotFound(
            phrase(
                "There is no user with the employee number or e-mail address {typed}.", typed=typed
            )
        )
    return int(found)


def _with_mail(conn: Connection, address: str) -> int | None:
    has = func.lower(u.c.email) == address.lower()
    who = select(func.coalesce(u.c.merged_into, u.c.id)).where(has)
    ids = sorted(set(conn.execute(who).scalars()))
    if len(ids) > 1:
        numbers = select(u.c.external_id).where(one_of(u.c.id, ids)).order_by(u.c.id)
        named = ", ".join(conn.execute(numbers).scalars())
        raise BadInput(
            errors={
                "person": phrase(
                    "is the e-mail address of several users. Enter one of {names}", names=named
                )
            }
        )
    return ids[0] if ids else None


def with_merged(conn: Connection, user_id: int) -> list[int]:
    """Return the ids of the user and of the users who were merged into them."""
    merged = select(u.c.id).where(u.c.merged_into == user_id).order_by(u.c.id)
    return [user_id, *conn.execute(merged).scalars()]


def conversations(
    numbers: Sequence[str], user_id: int | None, *, newest: int | None = None
) -> sa.Select[int]:
    """Build a query for the ids of a person's conversations, oldest first, up to the id ``newest``.

    For a number, this is all conversations on it. For a user, it is the conversations with the
    user, and the guest conversations on their numbers.
    """
    here = one_of(i.c.requester_number, numbers)
    if user_id is not None:
        here = or_(i.c.user_id == user_id, here & i.c.user_id.is_(None))
    query = select(i.c.id).where(here).order_by(i.c.id)
    return query if newest is None else query.where(i.c.id <= newest)
