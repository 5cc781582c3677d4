"""The index for the search for users: each user's normalized search words (see
``rules/conversations/person_words.py``). The transaction that changes a user updates the index.

Each row also has the user's place in the list of users: the normalized name and the id. So searches
(``user_search.py``) read only this index.
"""

from collections.abc import Collection

import sqlalchemy as sa
from sqlalchemy import Connection, delete, select

from handoff_service.rules.conversations.folding import folded
from handoff_service.rules.conversations.person_words import person_words
from handoff_service.store.engine import bulk
from handoff_service.store.engine import tables as t
from handoff_service.store.engine.one_of import one_of

EVERYBODY = ""  # a word that every user has; its rows are the sorted list of users
u, n, w = t.users, t.user_numbers, t.user_words


def index_users(conn: Connection, ids: Collection[int]) -> None:
    """Update these users' words from their stored fields."""
    rows = conn.execute(select(w).where(one_of(w.c.user_id, ids)))
    present = {(r.user_id, r.word, r.sort_name) for r in rows}
    expected = _words(conn, ids)
    removed = [{"_user_id": user_id, "_word": word} for user_id, word, _ in present - expected]
    if removed:
        mine = w.c.user_id == sa.bindparam("_user_id"), w.c.word == sa.bindparam("_word")
        conn.execute(delete(w).where(*mine), removed)
    new = [
        {"user_id": user_id, "word": word, "sort_name": sort_name}
        for user_id, word, sort_name in sorted(expected - present)
    ]
    bulk.insert_rows(conn, w, new)


def _words(conn: Connection, ids: Collection[int]) -> set[tuple[int, str, str]]:
    numbers: dict[int, list[str]] = {}
    for r in conn.execute(select(n).where(one_of(n.c.user_id, ids))):
        numbers.setdefault(r.user_id, []).append(r.number)
    mine = one_of(u.c.id, ids), u.c.merged_into.is_(None)  # searches never return a merged user
    people = conn.execute(select(*u.c["id", "name", "external_id"]).where(*mine))
    return {
        (r.id, word, folded(r.name))
        for r in people
        for word in {EVERYBODY, *person_words(r.name, r.external_id, numbers.get(r.id, ()))}
    }
