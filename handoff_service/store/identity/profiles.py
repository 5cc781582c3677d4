"""Messaging profiles, which tie numbers to users."""

import sqlalchemy as sa
from sqlalchemy import Connection, select

from handoff_service.errors import NotFound
from handoff_service.rules.shared.phrases import phrase
from handoff_service.store.engine import tables as t
from handoff_service.store.views import Named, Profile

p, a, u = t.messaging_profiles, t.associations, t.users


def list_(
    conn: Connection,
    *,
    number: str | None = None,
    user_id: int | None = None,
    after: int = 0,
    limit: int | None = None,
) -> list[Profile]:
    """Return messaging profiles, sorted by id: those of one number, of one user, or all."""
    where = p.c.id > after
    if number is not None:
        where &= p.c.number == number
    if user_id is not None:
        where &= p.c.user_id == user_id
    return _read(conn, where, order=p.c.id, limit=limit)


def get(conn: Connection, profile_id: int) -> Profile:
    """Return this profile. Raises NotFound for an unknown id."""
    found = _read(conn, p.c.id == profile_id, order=p.c.id, limit=1)
    if not found:
        raise NotFound(phrase("There is no messaging profile {profile_id}.", profile_id=profile_id))
    return found[0]


def newest(conn: Connection, digits: str, *, before: int, limit: int) -> list[Profile]:
    """Return profiles with these digits in their number, newest first. ``before``: only profiles
    with a lower id; 0: all."""
    where = p.c.number.contains(digits, autoescape=True)
    if before:
        where &= p.c.id < before
    return _read(conn, where, order=p.c.id.desc(), limit=limit)


def _read(
    conn: Connection,
    where: sa.ColumnElement[bool],
    *,
    order: sa.ColumnElement[object],
    limit: int | None,
) -> list[Profile]:
    query = select(p, u.c.name.label("user_name")).outerjoin(u, u.c.id == p.c.user_id).where(where)
    return [
        Profile(
            id=r.id,
            number=r.number,
            user=Named(id=r.user_id, name=r.user_name) if r.user_id else None,
            active=r.active,
            created_at=r.created_at,
        )
        for r in conn.execute(query.order_by(order).limit(limit))
    ]
