"""Users for the admin pages: by name, in pages; and references to a user."""

import sqlalchemy as sa
from sqlalchemy import Connection, select

from handoff_service.store.desk import people
from handoff_service.store.desk.user_words import Fit
from handoff_service.store.engine import tables as t
from handoff_service.store.views import User

u = t.users


def by_name(conn: Connection, words: str, *, after: int, limit: int) -> list[User]:
    """Users in order of their names, after the user with id ``after``, optionally only those that
    match the words."""
    fit = people.found_by(conn, words) if words else Fit(sa.true(), many=True)
    where = fit.where
    before = conn.execute(select(u.c.name, u.c.id).where(u.c.id == after)).one_or_none()
    if before is not None:
        where &= sa.tuple_(u.c.name, u.c.id) > sa.tuple_(before.name, before.id)
    return people.users(conn, where, order=fit.by_name(), limit=limit)


def fact_names(conn: Connection, user_id: int) -> list[str]:
    """The names of the second facts on file, never their values."""
    f = t.user_facts
    return list(
        conn.execute(select(f.c.name).where(f.c.user_id == user_id).order_by(f.c.name)).scalars()
    )
