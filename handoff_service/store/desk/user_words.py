"""The index of people: the folded search words of each user
(``rules/conversations/person_words.py``). Updated in the transaction that changes the user.

A search intersects the users of its words. When a search matches many users, a page fills
quickly, so the query walks the users in the page's order and checks each one's words.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection, delete, select

from handoff_service.lib import phone_numbers
from handoff_service.rules.conversations.person_words import Sought, Word, person_words, sought
from handoff_service.store.engine import bulk
from handoff_service.store.engine import tables as t
from handoff_service.store.engine.one_of import one_of

MOST = 10_000  # users of a word that are worth reading for an intersection
LAST = "\U0010ffff"  # sorts after every continuation of a word
u, n, w = t.users, t.user_numbers, t.user_words
_other = w.alias("other_words")


def index_users(conn: Connection, ids: Collection[int]) -> None:
    """Rebuild these users' words from their stored fields."""
    there = {(r.user_id, r.word) for r in conn.execute(select(w).where(one_of(w.c.user_id, ids)))}
    right = _words(conn, ids)
    gone = [{"_user_id": user_id, "_word": word} for user_id, word in there - right]
    if gone:
        mine = w.c.user_id == sa.bindparam("_user_id"), w.c.word == sa.bindparam("_word")
        conn.execute(delete(w).where(*mine), gone)
    bulk.insert_rows(
        conn, w, [{"user_id": user_id, "word": word} for user_id, word in sorted(right - there)]
    )


def _words(conn: Connection, ids: Collection[int]) -> set[tuple[int, str]]:
    numbers: dict[int, list[str]] = {}
    for r in conn.execute(select(n).where(one_of(n.c.user_id, ids))):
        numbers.setdefault(r.user_id, []).append(r.number)
    people = conn.execute(select(*u.c["id", "name", "external_id"]).where(one_of(u.c.id, ids)))
    return {
        (r.id, word)
        for r in people
        for word in person_words(r.name, r.external_id, numbers.get(r.id, ()))
    }


@dataclass(frozen=True, slots=True)
class Fit:
    """The matching users. ``many``: so many that a query should walk all users in its order until a
    page is full."""

    where: sa.ColumnElement[bool]
    many: bool = False

    def by_name(self) -> Sequence[sa.ColumnElement[Any]]:
        """The order by names. For few matches, it keeps PostgreSQL from walking all users by the
        name index."""
        return [u.c.name if self.many else sa.func.coalesce(u.c.name, sa.null()), u.c.id]


def found_by(conn: Connection, typed: str, country: str) -> Fit:
    """Users by words of their names, the employee number, or a phone number: whole, its start or
    its end.

    ``country`` is for reading national numbers. A number with an extension matches nobody.
    """
    try:
        wanted = sought(typed, phone_numbers.searched(typed, country))
    except phone_numbers.NotANumber:
        return Fit(sa.false())
    exact = conn.execute(select(w.c.user_id).where(w.c.word == wanted.exact)).scalars().all()
    fits = [Fit(u.c.id == user_id) for user_id in exact]
    fits += [fit for way in _ways(wanted) if (fit := _fit(conn, way)) is not None]
    return Fit(sa.or_(sa.false(), *(fit.where for fit in fits)), any(fit.many for fit in fits))


def _ways(wanted: Sought) -> list[Sequence[Word]]:
    return [way for way in (wanted.names, [wanted.tokens]) if way and way[0]]


def _fit(conn: Connection, way: Sequence[Word]) -> Fit | None:
    """Users who have all of these words. None: no user has one of them."""
    counted = sorted((_count(conn, word), word) for word in way)
    least = counted[0][0]
    if not least:
        return None
    if least > MOST:
        return Fit(sa.and_(*(_has(word, u.c.id) for word in way)), many=True)
    read = [_users_of(word) for count, word in counted if count <= MOST]
    checked = [_has(word, u.c.id) for count, word in counted if count > MOST]
    return Fit(sa.and_(u.c.id.in_(read[0] if len(read) == 1 else sa.intersect(*read)), *checked))


def _users_of(word: Word) -> sa.Select[int]:
    each = [select(w.c.user_id).where(_begins(w.c.word, (spelling,))) for spelling in word]
    return each[0] if len(each) == 1 else select(sa.union_all(*each).subquery().c.user_id)


def _count(conn: Connection, word: Word) -> int:
    """How many users have the word; MOST + 1 for more."""
    count = 0
    for spelling in word:
        some = select(w.c.user_id).where(_begins(w.c.word, (spelling,))).limit(MOST + 1).subquery()
        count += conn.execute(select(sa.func.count()).select_from(some)).scalar_one()
    return min(count, MOST + 1)


def _has(word: Word, user_id: sa.ColumnElement[int]) -> sa.ColumnElement[bool]:
    return sa.exists().where(_other.c.user_id == user_id, _begins(_other.c.word, word))


def _begins(column: sa.ColumnElement[str], spellings: Word) -> sa.ColumnElement[bool]:
    return sa.or_(*(sa.and_(column >= one, column < one + LAST) for one in spellings))
