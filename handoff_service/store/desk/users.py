"""Finds users by name, words or number, and lists the names of their identity facts."""

from collections.abc import Collection

import sqlalchemy as sa
from sqlalchemy import Connection, select

from handoff_service.errors import NotFound
from handoff_service.rules.shared.phrases import phrase
from handoff_service.store.desk.desk import desk_country
from handoff_service.store.desk.user_search import PageRequest, everybody, find_user_ids
from handoff_service.store.engine import tables as t
from handoff_service.store.engine.one_of import one_of
from handoff_service.store.views import User

u = t.users
_NUMBERS = (
    select(*t.user_numbers.c["user_id", "number"])
    .where(one_of(t.user_numbers.c.user_id, "ids"))
    .order_by(t.user_numbers.c.number)
)


def active_user_name(conn: Connection, user_id: int) -> str:
    """Return the name of an active user. Raises NotFound for an unknown or deactivated user."""
    found = conn.execute(
        select(t.users.c.name).where(t.users.c.id == user_id, t.users.c.active)
    ).scalar()
    if found is None:
        raise NotFound(
            merged_sentence(conn, user_id) or phrase("There is no active user {id}.", id=user_id)
        )
    return found


def stays_for(conn: Connection, user_id: int) -> int:
    """Return the id of the user into whom this user was merged; the same id if they were not
    merged."""
    found = conn.execute(select(u.c.merged_into).where(u.c.id == user_id)).scalar()
    return user_id if found is None else int(found)


def merged_sentence(conn: Connection, user_id: int) -> str:
    """Return a sentence that names the user into whom this user was merged; empty if they were not
    merged.
    """
    row = conn.execute(select(u).where(u.c.id == user_id)).one_or_none()
    if row is None or row.merged_into is None:
        return ""
    name = conn.execute(select(u.c.name).where(u.c.id == row.merged_into)).scalar()
    return phrase(
        "{name} (user {id}) was merged into {other} (user {other_id}). Use that user instead.",
        name=row.name,
        id=row.id,
        other=name,
        other_id=row.merged_into,
    )


def select_users(
    conn: Connection,
    where: sa.ColumnElement[bool],
    *,
    limit: int | None = None,
) -> list[User]:
    """Return the users who fulfill the condition, sorted by id."""
    rows = conn.execute(select(u).where(where).order_by(u.c.id).limit(limit)).all()
    numbers: dict[int, list[str]] = {}
    for r in conn.execute(_NUMBERS, {"ids": [r.id for r in rows]}) if rows else ():
        numbers.setdefault(r.user_id, []).append(r.number)
    return [
        User(
            id=r.id,
            external_id=r.external_id,
            name=r.name,
            email=r.email,
            numbers=numbers.get(r.id, []),
            attributes=r.attributes,
            active=r.active,
        )
        for r in rows
    ]


def has_number(number: str) -> sa.ColumnElement[bool]:
    """Build a condition on ``users``: whether a user has this number."""
    n = t.user_numbers
    return t.users.c.id.in_(select(n.c.user_id).where(n.c.number == number))


def search_user_ids(conn: Connection, words: str, page: PageRequest) -> list[int]:
    """Return the ids of users who match the typed text (see ``find_user_ids``). The desk's country
    decides how to read national numbers."""
    return find_user_ids(conn, words, desk_country(conn), page)


def search_users(
    conn: Connection,
    words: str,
    limit: int,
    *,
    after: int = 0,
    where: sa.ColumnElement[bool] | None = None,
) -> list[User]:
    """Return matching users, sorted by id. The search is that of ``search_user_ids``. ``where``: a
    condition that the users must fulfill."""
    found: list[User] = []
    size = limit
    while len(found) < limit:
        ids = search_user_ids(conn, words, PageRequest(after=after, limit=size))
        theirs = one_of(u.c.id, ids)
        found += select_users(conn, theirs if where is None else theirs & where)
        if len(ids) < size:
            break
        after, size = ids[-1], size * 2  # double it, because few users may match ``where``
    return found[:limit]


def find_active_users(conn: Connection, words: str, limit: int) -> list[User]:
    """Like ``search_users``, for active users only."""
    return search_users(conn, words, limit, where=u.c.active) if words else []


def users_on(conn: Connection, numbers: Collection[str]) -> dict[str, list[User]]:
    """Return the users who have each number, by number. Numbers without users are left out."""
    n = t.user_numbers
    on = select(n.c.user_id).where(one_of(n.c.number, numbers))
    found: dict[str, list[User]] = {}
    for user in select_users(conn, t.users.c.id.in_(on)):
        for number in set(user.numbers) & set(numbers):
            found.setdefault(number, []).append(user)
    return found


def by_name(
    conn: Connection,
    words: str,
    *,
    after: int,
    limit: int,
    where: sa.ColumnElement[bool] | None = None,
) -> list[User]:
    """Return users, sorted by name, after the user with the id ``after``. ``words`` and ``where``:
    only users who match both."""
    found: list[User] = []
    size = limit
    while len(found) < limit:
        page = PageRequest(by_name=True, after=after, limit=size)
        ids = search_user_ids(conn, words, page) if words else everybody(conn, page)
        theirs = one_of(u.c.id, ids)
        users = select_users(conn, theirs if where is None else theirs & where)
        there = {user.id: user for user in users}
        found += [there[user_id] for user_id in ids if user_id in there]
        if len(ids) < size:
            break
        after, size = ids[-1], size * 2  # double it, because few users may match ``where``
    return found[:limit]


def fact_names(conn: Connection, user_id: int) -> list[str]:
    """Return the names of a user's stored identity facts. Their values are never shown."""
    f = t.user_facts
    return list(
        conn.execute(select(f.c.name).where(f.c.user_id == user_id).order_by(f.c.name)).scalars()
    )
