"""The index of people: each word that a user is found by, folded (``rules/person_words.py``), in the same transaction.

A search reads at most ``MOST`` users whom the words name. When there are more, the first page is soon full, so the
query walks the users in the page's order and looks at each one's words.
"""

from collections.abc import Collection, Iterable, Sequence

import sqlalchemy as sa
from sqlalchemy import Connection, delete, select

from handoff_service import phone_numbers
from handoff_service.rules.person_words import Sought, Word, person_words, sought
from handoff_service.store import bulk
from handoff_service.store import tables as t
from handoff_service.store.several import one_of

MOST = 2000
LAST = "\U0010ffff"  # no word goes on behind it
u, n, w = t.users, t.user_numbers, t.user_words
_other = w.alias("other_words")


def index_users(conn: Connection, ids: Collection[int]) -> None:
    """Make the words of these users those of what is stored of them now."""
    there = {(r.user_id, r.word) for r in conn.execute(select(w).where(one_of(w.c.user_id, ids)))}
    right = _words(conn, ids)
    gone = [{"_user_id": user_id, "_word": word} for user_id, word in there - right]
    if gone:
        mine = w.c.user_id == sa.bindparam("_user_id"), w.c.word == sa.bindparam("_word")
        conn.execute(delete(w).where(*mine), gone)
    bulk.insert_rows(conn, w, [{"user_id": user_id, "word": word} for user_id, word in sorted(right - there)])


def _words(conn: Connection, ids: Collection[int]) -> set[tuple[int, str]]:
    numbers: dict[int, list[str]] = {}
    for r in conn.execute(select(n).where(one_of(n.c.user_id, ids))):
        numbers.setdefault(r.user_id, []).append(r.number)
    people = conn.execute(select(*u.c["id", "name", "external_id"]).where(one_of(u.c.id, ids)))
    return {(r.id, word) for r in people for word in person_words(r.name, r.external_id, numbers.get(r.id, ()))}


def found_by(conn: Connection, typed: str, country: str) -> sa.ColumnElement[bool]:
    """Users by words of their names, the employee number, or a phone number: whole, its beginning or its end.

    ``country`` reads a national number. A number with an extension is nobody's.
    """
    try:
        wanted = sought(typed, phone_numbers.searched(typed, country))
    except phone_numbers.NotANumber:
        return sa.false()
    ids = set(conn.execute(select(w.c.user_id).where(w.c.word == wanted.exact)).scalars())
    frequent: list[sa.ColumnElement[bool]] = []
    for way in _ways(wanted):
        found = conn.execute(_ids(way)).scalars().all()
        if len(found) > MOST:
            frequent.append(sa.and_(*(_has(word, u.c.id) for word in way)))
        else:
            ids.update(found)
    return sa.or_(one_of(u.c.id, sorted(ids)), *frequent) if frequent else one_of(u.c.id, sorted(ids))


def _ways(wanted: Sought) -> Iterable[Sequence[Word]]:
    if wanted.names:
        yield sorted(wanted.names, key=lambda word: -len(word[0]))  # a long word is likelier to be rare
    if wanted.tokens:
        yield [wanted.tokens]


def _ids(way: Sequence[Word]) -> sa.Select[int]:
    first, *others = way
    rest = (_has(word, w.c.user_id) for word in others)
    return select(w.c.user_id).where(_begins(w.c.word, first), *rest).limit(MOST + 1)


def _has(word: Word, user_id: sa.ColumnElement[int]) -> sa.ColumnElement[bool]:
    return sa.exists().where(_other.c.user_id == user_id, _begins(_other.c.word, word))


def _begins(column: sa.ColumnElement[str], spellings: Word) -> sa.ColumnElement[bool]:
    return sa.or_(*(sa.and_(column >= one, column < one + LAST) for one in spellings))
