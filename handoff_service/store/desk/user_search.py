"""Finds users by their search words, one page at a time.

Each row of the index (``user_words.py``) has a word and the user's place in the list of users. A
search reads the rows of its rarest word, checks the users' other words and sorts the matches. It
does not read the users themselves. If every word has more than ``MAX_ROWS`` rows and a sample shows
that a page fills quickly, the search first scans users in the page's order.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection, func, select

from handoff_service.lib import phone_numbers
from handoff_service.rules.conversations.person_words import Word, person_query
from handoff_service.store.desk.user_words import EVERYBODY
from handoff_service.store.engine import tables as t

MAX_ROWS = 2_000  # rows of a word, which a search reads in less than 1 ms
SCANNED = 2_000  # users that a scan checks one by one
SAMPLE = 200  # users in the sample that predicts whether a scan fills the page
EVENLY_SPREAD = 0.2  # a word that this share of users has is frequent everywhere in the list
LAST = "\U0010ffff"  # sorts after every continuation of a word
u, w = t.users, t.user_words
_other = w.alias("other_words")

type Rows = sa.Select[Any] | sa.CompoundSelect[Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class PageRequest:
    """A page of matches: ``limit`` users after the user with the id ``after``, sorted by name or by
    id. ``after`` is 0 for the first page."""

    by_name: bool = False
    after: int = 0
    limit: int


def find_user_ids(conn: Connection, typed: str, country: str, page: PageRequest) -> list[int]:
    """Return the ids of users who match the typed text: words of the name, the employee number, or
    a phone number or its beginning or end.

    ``country``: how to read national numbers. A number with an extension matches nobody.
    """
    try:
        wanted = person_query(typed, phone_numbers.searched(typed, country))
    except phone_numbers.NotANumber:
        return []
    search = _Search(conn, page)
    found = set(search.users_of(wanted.exact))
    for words in (wanted.names, (wanted.tokens,)):
        if words and words[0]:
            found.update(search.users_with(words))
    return [place[-1] for place in sorted(found)[: page.limit]]


def everybody(conn: Connection, page: PageRequest) -> list[int]:
    """Return the ids of all users on this page."""
    return [place[-1] for place in _Search(conn, page).users_of(EVERYBODY)]


class _Search:
    """Reads the places of the users on one page. A place is (normalized name, id) or (id,), so
    sorting places gives the page's order."""

    def __init__(self, conn: Connection, page: PageRequest) -> None:
        self.conn, self.page = conn, page
        # + 0 stops SQLite from reading all rows in the order of ids
        self.keys = (
            (w.c.sort_name, w.c.user_id) if page.by_name else ((w.c.user_id + 0).label("user_id"),)
        )
        self.after = self._after()

    def _after(self) -> sa.ColumnElement[bool]:
        """Build the condition for rows after the previous page."""
        if not self.page.by_name or not self.page.after:
            return w.c.user_id > self.page.after
        last = self.conn.execute(
            select(*self.keys).where(w.c.user_id == self.page.after, w.c.word == EVERYBODY)
        ).one_or_none()
        return sa.true() if last is None else sa.tuple_(*self.keys) > sa.tuple_(*last)

    def users_of(self, word: str) -> list[tuple[Any, ...]]:
        """Return the places of users who have exactly this word."""
        return self._read(select(*self.keys).where(w.c.word == word, self.after))

    def users_with(self, words: Sequence[Word]) -> list[tuple[Any, ...]]:
        """Return the places of users who have all these words."""
        counted = sorted(zip(self._counts(words), words, strict=True))
        least, rarest = counted[0]
        if not least:
            return []
        if least > MAX_ROWS and self._are_frequent(words):
            found = self._scan(words)
            if len(found) == self.page.limit:
                return found
        others = [word for _, word in counted[1:]]
        if others and least > MAX_ROWS and self.conn.dialect.name == "sqlite":
            # PostgreSQL joins the rows, but SQLite would look up each user
            return self._first(_all_of([self._rows_of(word) for word in (rarest, *others)]))
        return self._read(self._rows_of(rarest), others)

    def _counts(self, words: Sequence[Word]) -> Sequence[int]:
        """Return how many rows each word has, at most MAX_ROWS + 1."""
        each = (
            select(w.c.user_id).where(_begins(w.c.word, word)).limit(MAX_ROWS + 1).subquery()
            for word in words
        )
        counts = [select(func.count()).select_from(rows).scalar_subquery() for rows in each]
        return tuple(self.conn.execute(select(*counts)).one())

    def _are_frequent(self, words: Sequence[Word]) -> bool:
        """Return whether a scan will probably fill the page. This checks a sample of the next users
        by id."""
        sample = select(u.c.id).where(u.c.id > self.page.after).order_by(u.c.id).limit(SAMPLE)
        users = sample.subquery()
        having = select(func.count()).select_from(users).where(*_each(words, users.c.id))
        share = self.conn.execute(having).scalar_one() / SAMPLE
        # in the list by name, people with the same words are neighbors, possibly far from this page
        return share * SCANNED >= 2 * self.page.limit and (
            share >= EVENLY_SPREAD or not self.page.by_name
        )

    def _scan(self, words: Sequence[Word]) -> list[tuple[Any, ...]]:
        """Return the matching users among the next ``SCANNED`` users in the page's order."""
        users: sa.Select[Any]
        if self.page.by_name:
            users = select(*self.keys).where(w.c.word == EVERYBODY, self.after)
            users = users.order_by(*self.keys)
        else:
            users = select(u.c.id.label("user_id")).where(u.c.id > self.page.after).order_by(u.c.id)
        of = users.limit(SCANNED).subquery()
        return self._first(select(*of.c).where(*_each(words, of.c.user_id)))

    def _rows_of(self, word: Word) -> Rows:
        each = [
            select(*self.keys).where(_begins(w.c.word, (spelling,)), self.after)
            for spelling in word
        ]
        return each[0] if len(each) == 1 else sa.union(*each)

    def _read(self, rows: Rows, checked: Sequence[Word] = ()) -> list[tuple[Any, ...]]:
        """Return the first of these rows whose users have all the checked words."""
        if isinstance(rows, sa.CompoundSelect):
            if not checked:
                return self._first(rows)
            of = rows.subquery()
            rows, user_id = select(*of.c), of.c.user_id
        else:  # a user may have two words that begin with this prefix
            rows, user_id = rows.distinct(), w.c.user_id
        return self._first(rows.where(*(_has(word, user_id) for word in checked)))

    def _first(self, rows: Rows) -> list[tuple[Any, ...]]:
        keys = [key.name for key in self.keys]
        found = self.conn.execute(rows.order_by(*keys).limit(self.page.limit))
        return [tuple(row) for row in found]


def _each(words: Sequence[Word], user_id: sa.ColumnElement[int]) -> list[sa.ColumnElement[bool]]:
    """Build conditions: whether a user has all these words. With this form of query, PostgreSQL
    looks up each user. It would turn EXISTS into a join with all rows of the word."""
    one = select(sa.literal(1)).select_from(_other).limit(1)
    return [
        one.where(_other.c.user_id == user_id, _begins(_other.c.word, word))
        .scalar_subquery()
        .is_not(None)
        for word in words
    ]


def _all_of(sets: Sequence[Rows]) -> sa.CompoundSelect[Any]:
    return sa.intersect(*(s if isinstance(s, sa.Select) else select(s.subquery()) for s in sets))


def _has(word: Word, user_id: sa.ColumnElement[int]) -> sa.ColumnElement[bool]:
    return sa.exists().where(_other.c.user_id == user_id, _begins(_other.c.word, word))


def _begins(column: sa.ColumnElement[str], spellings: Word) -> sa.ColumnElement[bool]:
    return sa.or_(*(sa.and_(column >= one, column < one + LAST) for one in spellings))
