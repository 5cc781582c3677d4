"""The index of people: the folded search words of each user
(``rules/conversations/person_words.py``). Updated in the transaction that changes the user.

Each word carries the user's place in a list of people: the folded name, then the id. Searches
(``user_search.py``) therefore read only this index.
"""

from collections.abc import Collection

import sqlalchemy as sa
from sqlalchemy import Connection, delete, select

from handoff_service.rules.conversations.folding import folded
from handoff_service.rules.conversations.person_words import person_words
from handoff_service.store.engine import bulk
from handoff_service.store.engine import tables as t
from handoff_service.store.engine.one_of import one_of

EVERYBODY = ""  # a word of each user; its rows are the list of people in order
u, n, w = t.users, t.user_numbers, t.user_words


def index_users(conn: Connection, ids: Collection[int]) -> None:
    """Rebuild these users' words from their stored fields."""
    rows = conn.execute(select(w).where(one_of(w.c.user_id, ids)))
    there = {(r.user_id, r.word, r.sort_name) for r in rows}
    right = _words(conn, ids)
    gone = [{"_user_id": user_id, "_word": word} for user_id, word, _ in there - right]
    if gone:
        mine = w.c.user_id == sa.bindparam("_user_id"), w.c.word == sa.bindparam("_word")
        conn.execute(delete(w).where(*mine), gone)
    new = [
        {"user_id": user_id, "word": word, "sort_name": sort_name}
        for user_id, word, sort_name in sorted(right - there)
    ]
    bulk.insert_rows(conn, w, new)


def _words(conn: Connection, ids: Collection[int]) -> set[tuple[int, str, str]]:
    numbers: dict[int, list[str]] = {}
    for r in conn.execute(select(n).where(one_of(n.c.user_id, ids))):
        numbers.setdefault(r.user_id, []).append(r.number)
    mine = one_of(u.c.id, ids), u.c.merged_into.is_(None)  # nobody finds a merged user
    people = conn.execute(select(*u.c["id", "name", "external_id"]).where(*mine))
    return {
        (r.id, word, folded(r.name))
        for r in people
        for word in {EVERYBODY, *person_words(r.name, r.external_id, numbers.get(r.id, ()))}
    }
