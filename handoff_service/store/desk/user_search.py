"""Finds people by their search words, a page at a time.

Each row of the index (``user_words.py``) has a word and the user's place in the list of people. A
search reads the rows of its words, intersects them and sorts them, without reading the users
themselves. It reads at most ``MOST`` rows of a word. When all its words have more rows, it first
walks users in the page's order and checks their words, because a page then fills quickly.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection, func, select

from handoff_service.lib import phone_numbers
from handoff_service.rules.conversations.person_words import Word, sought
from handoff_service.store.desk.user_words import EVERYBODY
from handoff_service.store.engine import tables as t

MOST = 20_000  # rows of a word that a search reads in about 5 ms
WALKED = 2_000  # users whose words a search checks one by one
LAST = "\U0010ffff"  # sorts after every continuation of a word
u, w = t.users, t.user_words
_other = w.alias("other_words")

type Rows = sa.Select[Any] | sa.CompoundSelect[Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """Which matches a search returns: ``limit`` users after the user with id ``after``, by name or
    by id. ``after`` 0: the first page."""

    by_name: bool = False
    after: int = 0
    limit: int


def find_user_ids(conn: Connection, typed: str, country: str, page: Page) -> list[int]:
    """Users by words of their names, the employee number, or a phone number: whole, its start or
    its end.

    ``country`` is for reading national numbers. A number with an extension matches nobody.
    """
    try:
        wanted = sought(typed, phone_numbers.searched(typed, country))
    except phone_numbers.NotANumber:
        return []
    search = _Search(conn, page)
    found = set(search.users_of(wanted.exact))
    for way in (wanted.names, (wanted.tokens,)):
        if way and way[0]:
            found.update(search.users_with(way))
    return [place[-1] for place in sorted(found)[: page.limit]]


def everybody(conn: Connection, page: Page) -> list[int]:
    """All users."""
    return [place[-1] for place in _Search(conn, page).users_of(EVERYBODY)]


class _Search:
    """Reads a page's places. A place is (folded name, id) or (id,), so places sort as the page
    does."""

    def __init__(self, conn: Connection, page: Page) -> None:
        self.conn, self.page = conn, page
        # + 0 keeps SQLite from reading all rows in the order of ids
        self.keys = (
            (w.c.sort_name, w.c.user_id) if page.by_name else ((w.c.user_id + 0).label("user_id"),)
        )
        self.after = self._after()

    def _after(self) -> sa.ColumnElement[bool]:
        """Whether a row comes after the last page."""
        if not self.page.by_name or not self.page.after:
            return w.c.user_id > self.page.after
        last = self.conn.execute(
            select(*self.keys).where(w.c.user_id == self.page.after, w.c.word == EVERYBODY)
        ).one_or_none()
        return sa.true() if last is None else sa.tuple_(*self.keys) > sa.tuple_(*last)

    def users_of(self, word: str) -> list[tuple[Any, ...]]:
        """Users who have exactly this word."""
        return self._read(select(*self.keys).where(w.c.word == word, self.after))

    def users_with(self, words: Sequence[Word]) -> list[tuple[Any, ...]]:
        """Users who have all of these words."""
        counted = sorted(zip(self._counts(words), words, strict=True))
        least = counted[0][0]
        if not least:
            return []
        if least > MOST:
            found = self._walk(words)
            if len(found) == self.page.limit:
                return found
        read = [word for count, word in counted if min(count, least) == count or count <= MOST]
        checked = [word for _, word in counted if word not in read]
        return self._read(_all_of([self._rows_of(word) for word in read]), checked)

    def _counts(self, words: Sequence[Word]) -> Sequence[int]:
        """How many rows each word has; MOST + 1 for more."""
        each = (
            select(w.c.user_id).where(_begins(w.c.word, word)).limit(MOST + 1).subquery()
            for word in words
        )
        counts = [select(func.count()).select_from(rows).scalar_subquery() for rows in each]
        return tuple(self.conn.execute(select(*counts)).one())

    def _walk(self, words: Sequence[Word]) -> list[tuple[Any, ...]]:
        """The matching users among the next ones in the page's order."""
        users: Rows
        if self.page.by_name:
            users = select(*self.keys).where(w.c.word == EVERYBODY, self.after)
            users = users.order_by(*self.keys)
        else:
            users = select(u.c.id.label("user_id")).where(u.c.id > self.page.after).order_by(u.c.id)
        return self._read(users.limit(WALKED), words)

    def _rows_of(self, word: Word) -> Rows:
        each = [
            select(*self.keys).where(_begins(w.c.word, (spelling,)), self.after)
            for spelling in word
        ]
        return each[0] if len(each) == 1 else sa.union(*each)

    def _read(self, rows: Rows, checked: Sequence[Word] = ()) -> list[tuple[Any, ...]]:
        """The first of these rows whose users have all the checked words."""
        if checked:
            of = rows.subquery()
            rows = select(*of.c).where(*(_has(word, of.c.user_id) for word in checked))
        keys = [key.name for key in self.keys]
        found = self.conn.execute(rows.order_by(*keys).limit(self.page.limit))
        return [tuple(row) for row in found]


def _all_of(sets: Sequence[Rows]) -> Rows:
    if len(sets) == 1:
        return sets[0].distinct() if isinstance(sets[0], sa.Select) else sets[0]
    return sa.intersect(*(s if isinstance(s, sa.Select) else select(s.subquery()) for s in sets))


def _has(word: Word, user_id: sa.ColumnElement[int]) -> sa.ColumnElement[bool]:
    return sa.exists().where(_other.c.user_id == user_id, _begins(_other.c.word, word))


def _begins(column: sa.ColumnElement[str], spellings: Word) -> sa.ColumnElement[bool]:
    return sa.or_(*(sa.and_(column >= one, column < one + LAST) for one in spellings))
