"""Measures the search for a person on a desk with very many users. It times the query alone, in the
order of names and of ids, and the pages and the API call that use the query.

The baseline of the queries is a search for an employee number, which looks up one row by its index.
The baseline of an answer is the same answer for a word that is in no name.
"""

import random
import statistics
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from itertools import batched, count

import requests
import sqlalchemy as sa
from sqlalchemy import Connection

from handoff_service.store.desk import user_words, users
from handoff_service.store.engine import bulk
from handoff_service.store.engine import tables as t
from handoff_service.store.engine.database import engine
from tests.bench import size
from tests.bench.desks import GRACE, MIA, Desks, signed_in
from tests.bench.result import Result, spread

USERS = size(100_000, 20_000, "USERS")
TIMES = size(15, 4)
MOST_MS = 20.0  # the limit from issue 12
PAGE = 20  # users on a page
FIRST = 1_000  # the first id of the added users, after the demo's users
NOBODY = "zzyzx"  # a word that is in no name
ORDERS: dict[str, Callable[[Connection, str], object]] = {
    "name": lambda conn, typed: users.by_name(conn, typed, after=0, limit=PAGE),
    "id": lambda conn, typed: users.search_users(conn, typed, PAGE),
}
PATHS = {  # path -> the session that requests it
    "/api/v1/users": MIA,
    "/workspace/new/look": MIA,
    "/workspace/conversations/1/users": MIA,
    "/workspace/search": MIA,
    "/workspace/admin/users": GRACE,
}
# Two syllables make a name, which gives 2,025 different names.
SYLLABLES = [consonant + vowel for consonant in "mjlkdsrtn" for vowel in "aeiou"]


def measure(desks: Desks) -> Iterator[Result]:
    desk = desks.demo()
    opened = engine(desk.database, size=1, writes=True)
    with opened.connect() as conn:
        searches = _searches(_fill(conn))
        for order, search in ORDERS.items():
            yield _slowest(
                f"search for a person among {USERS:,}, by {order}",
                desks.kind,
                {
                    what: list(_times(partial(search, conn, typed)))
                    for what, typed in searches.items()
                },
            )
    opened.dispose()
    for path, who in PATHS.items():
        with signed_in(desk, who) as session:
            yield _answers(desks.kind, session, desk.url, path, list(searches.values()))


def _slowest(what: str, kind: str, took: Mapping[str, list[float]]) -> Result:
    """Return the kind of search with the longest times."""
    name = max(took, key=lambda one: statistics.median(took[one]))
    found = spread(took[name])
    return Result(
        what=f"{what}: the slowest kind ({name})",
        database=kind,
        value=found.middle,
        unit="ms",
        low=found.low,
        high=found.high,
        budget=MOST_MS,
    )


def _answers(
    kind: str, session: requests.Session, url: str, path: str, searches: Sequence[str]
) -> Result:
    """Measure the time that the slowest search adds to this answer."""

    def times(typed: str) -> list[float]:
        return list(_times(lambda: session.get(url + path, params={"q": typed}).raise_for_status()))

    floor = statistics.median(times(NOBODY))
    slowest = max((times(typed) for typed in searches), key=statistics.median)
    found = spread([one - floor for one in slowest])
    return Result(
        what=f"what the slowest search among {USERS:,} users adds to {path}",
        database=kind,
        value=found.middle,
        unit="ms",
        low=found.low,
        high=found.high,
        budget=MOST_MS,
    )


def _searches(names: list[str]) -> dict[str, str]:
    """Return the searches: name -> typed text."""
    often, seldom = names[0], names[-1]
    first, last = often.split()
    return {
        "an employee number": "X1077",
        "a frequent name": often,
        "a frequent first name": first,
        "a rare name": seldom,
        "a name backwards": f"{last} {first}",
        "one letter": first[0],
        "two letters": first[:2],
        "the starts of two words": f"{first[:2]} {last[:2]}",
        "two letters and a rare word": f"{first[:2]} {seldom.split()[1]}",
        "a word that is in no name": NOBODY,
        "a frequent word and one that nobody has": f"{first} {NOBODY}",
        "a number": "+13120001777",
        "the end of a number": "0001777",
    }


def _fill(conn: Connection) -> list[str]:
    """Insert users. Some names are much more frequent than others, as in a real company. Return the
    names, the most frequent first.
    """
    chance = random.Random(12)
    words = [(one + other).capitalize() for one in SYLLABLES for other in SYLLABLES]
    chance.shuffle(words)
    spread = [1 / (i + 1) for i in range(len(words))]
    names: dict[str, int] = {}
    for ids in batched(range(FIRST, FIRST + USERS), 5000, strict=False):
        firsts = chance.choices(words, spread, k=len(ids))
        lasts = chance.choices(words[::-1], spread, k=len(ids))
        rows = [
            {"id": i, "external_id": f"X{i}", "name": f"{first} {last}", "attributes": {}}
            for i, first, last in zip(ids, firsts, lasts, strict=True)
        ]
        bulk.insert_rows(conn, t.users, rows)
        numbers = [{"user_id": i, "number": f"+1312{i:07}"} for i in ids]
        bulk.insert_rows(conn, t.user_numbers, numbers)
        user_words.index_users(conn, ids)
        for row in rows:
            names[row["name"]] = names.get(row["name"], 0) + 1
    conn.commit()
    # PostgreSQL does this automatically after an import.
    settled = "ANALYZE" if conn.dialect.name == "sqlite" else "VACUUM ANALYZE"
    conn.execution_options(isolation_level="AUTOCOMMIT").execute(sa.text(settled))
    return sorted(names, key=lambda name: -names[name])


def _times(work: Callable[[], object]) -> Iterator[float]:
    """Yield the milliseconds of each repetition of the work."""
    for turn in count():
        began = time.perf_counter()
        work()
        took = (time.perf_counter() - began) * 1000
        if turn:  # the first repetition fills the caches
            yield took
        if turn == TIMES:
            return
