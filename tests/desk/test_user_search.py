"""Compares the search for people with a slow, simple search, for many random names and queries."""

import itertools
import random
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import pytest
import sqlalchemy as sa

from handoff_service.lib import phone_numbers
from handoff_service.rules.conversations.folding import folded
from handoff_service.rules.conversations.person_words import person_query, person_words
from handoff_service.store.desk import user_search, user_words, users
from handoff_service.store.desk.user_search import PageRequest
from handoff_service.store.engine import bulk
from handoff_service.store.engine import tables as t
from handoff_service.store.engine.store import Store
from handoff_service.store.engine.transaction import Transaction
from handoff_service.store.views import User

NAMES = (
    "Ann", "anna", "Ana", "Öz", "Oez", "O’Neill", "Neil", "Anne-Marie", "Marie", "de", "Ås",
    "Mao", "Maoa", "王小明", "小明", "ИВАН", "Иванов", "สมชาย", "김서연", "Lee", "Leeds", "Ángel",
)  # fmt: skip
TYPED = (
    "a",
    "an",
    "ann",
    "m",
    "ma",
    "o",
    "oe",
    "Ö",
    "lee",
    "le",
    "小",
    "明",
    "иван",
    "ส",
    "김",
    "zz",
)
PEOPLE, SEARCHES = 150, 60


def simple_search(people: Sequence[User], typed: str) -> list[User]:
    """Return the matching people by checking every user."""
    wanted = person_query(typed, phone_numbers.searched(typed, "US"))

    def matches(one: User) -> bool:
        words = person_words(one.name, one.external_id, one.numbers)

        def has_word(spellings: Sequence[str]) -> bool:
            return any(word.startswith(each) for each in spellings for word in words)

        named = bool(wanted.names) and all(has_word(word) for word in wanted.names)
        return named or has_word(wanted.tokens) or wanted.exact in words

    return [one for one in people if matches(one)]


def by_name(people: Sequence[User]) -> list[int]:
    return [one.id for one in sorted(people, key=lambda one: (folded(one.name), one.id))]


def add_people(tx: Transaction, names: Sequence[str]) -> None:
    start = tx.conn.execute(sa.select(sa.func.max(t.users.c.id))).scalar_one() + 1
    ids = range(start, start + len(names))
    rows = [
        {"id": i, "external_id": f"X{i}", "name": name, "attributes": {}}
        for i, name in zip(ids, names, strict=True)
    ]
    bulk.insert_rows(tx.conn, t.users, rows)
    numbers = [{"user_id": i, "number": f"+1312{i * 7919 % 10**7:07}"} for i in ids]
    bulk.insert_rows(tx.conn, t.user_numbers, numbers)
    user_words.index_users(tx.conn, ids)


def searches(chance: random.Random, people: Sequence[User]) -> Iterator[str]:
    for _ in range(SEARCHES):
        some = chance.choice(people)
        yield chance.choice(
            (
                chance.choice(TYPED),
                f"{chance.choice(TYPED)} {chance.choice(TYPED)}",
                some.name,
                " ".join(reversed(some.name.split())),
                " ".join(word[:2] for word in some.name.split()),
                some.external_id,
                some.numbers[0][: chance.randrange(4, 12)] if some.numbers else "+1312",
                some.numbers[0][-4:] if some.numbers else "0001",
            )
        )


def pages(read: Callable[[int], list[int]]) -> list[int]:
    """Return all pages of 7 people. Only the last page may be shorter."""
    found: list[int] = []
    while page := read(found[-1] if found else 0):
        found += page
        if len(page) < 7:
            break
    return found


@pytest.mark.parametrize(
    ("most", "walked", "sample"), [(2_000, 2_000, 200), (0, 60, 3), (40, 30, 2), (0, 0, 5)]
)
async def test_a_search_finds_the_same_people_as_a_simple_one(
    store: Store, monkeypatch: pytest.MonkeyPatch, most: int, walked: int, sample: int
) -> None:
    """Both searches must return the same pages in the same order, even for frequent words."""
    monkeypatch.setattr(user_search, "MAX_ROWS", most)
    monkeypatch.setattr(user_search, "SCANNED", walked)
    monkeypatch.setattr(user_search, "SAMPLE", sample)
    chance = random.Random(most + walked)
    names = [
        " ".join(chance.choices(NAMES, k=chance.choice((1, 2, 2, 2, 3)))) for _ in range(PEOPLE)
    ]
    await store.write(add_people, names)

    def compare(conn: sa.Connection) -> None:
        people = users.select_users(conn, sa.true())

        def listed(typed: str) -> list[int]:
            return pages(
                lambda last: [p.id for p in users.by_name(conn, typed, after=last, limit=7)]
            )

        def by_id(typed: str) -> list[int]:
            return pages(
                lambda last: users.search_user_ids(conn, typed, PageRequest(after=last, limit=7))
            )

        assert listed("") == by_name(people)
        for typed in searches(chance, people):
            right = simple_search(people, typed)
            assert listed(typed) == by_name(right), typed
            assert by_id(typed) == [one.id for one in right], typed

    await store.read(compare)


async def test_filters_leave_out_no_matching_person(store: Store) -> None:
    await store.write(add_people, ["Ann Lee"] * 60)

    def leave(tx: Transaction, _: None) -> None:
        tx.conn.execute(sa.update(t.users).where(t.users.c.id % 9 > 0).values(active=False))

    await store.write(leave, None)

    def found(conn: sa.Connection) -> tuple[list[int], list[int]]:
        right = users.select_users(conn, t.users.c.active & (t.users.c.name == "Ann Lee"))
        return [p.id for p in right], [p.id for p in users.find_active_users(conn, "ann lee", 100)]

    right, there = await store.read(found)
    assert len(right) > 5
    assert there == right
    assert await store.read(lambda conn: len(users.find_active_users(conn, "ann lee", 5))) == 5


SEARCHED = ("lee", "nana", "nana lee", "n", "na lee5", "+13120", "")
ONLY_INDEXES = "SET enable_seqscan = off", "SET enable_bitmapscan = off"


async def test_a_search_reads_only_the_index(store: Store) -> None:
    """The test disables other plans on PostgreSQL, because the tables are small."""
    await store.write(add_people, [f"Nana Lee{n % 10}" for n in range(300)])
    await store.write(lambda tx, _: tx.conn.exec_driver_sql("ANALYZE"), None)

    def plans(conn: sa.Connection) -> list[str]:
        is_sqlite = conn.dialect.name == "sqlite"
        for setting in () if is_sqlite else ONLY_INDEXES:
            conn.exec_driver_sql(setting)
        ran: list[tuple[str, Any]] = []
        explain = "EXPLAIN QUERY PLAN " if is_sqlite else "EXPLAIN "
        with listening(conn, lambda statement, values: ran.append((statement, values))):
            for typed in SEARCHED:
                users.by_name(conn, typed, after=7, limit=20)
                if typed:
                    users.search_user_ids(conn, typed, PageRequest(after=7, limit=20))
        steps = [
            row[-1]
            for statement, values in ran
            if "FROM user_words" in statement
            for row in conn.exec_driver_sql(explain + statement, values)
        ]
        return [step for step in steps if re.search("(SCAN|SEARCH|Scan .*) user_words", step)]

    steps = await store.read(plans)
    assert len(steps) > len(SEARCHED)
    allowed = re.compile(
        r"COVERING INDEX ix_user_words_word|PRIMARY KEY .user_id=|Only Scan|using pk_"
    )
    assert [step for step in steps if not allowed.search(step)] == []


@contextmanager
def listening(conn: sa.Connection, hear: Callable[[str, Any], object]) -> Iterator[None]:
    def before(_conn: object, _cursor: object, statement: str, values: Any, *_more: object) -> None:
        hear(statement, values)

    sa.event.listen(conn.engine, "before_cursor_execute", before)
    try:
        yield
    finally:
        sa.event.remove(conn.engine, "before_cursor_execute", before)


#: typed text -> the highest number of steps of SQLite's virtual machine, with a thousand people of
#: the same name
STEPS = {
    "nana": 50_000,
    "nana lee": 90_000,
    "lee": 50_000,
    "zz": 500,
    "nana zz": 30_000,
    "rae": 1_000,
}
# These limits apply if the search may not read a thousand rows of a word.
STEPS_OF_MANY = {"nana": 15_000, "nana lee": 20_000}


async def test_a_search_needs_few_steps(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """The test counts steps instead of measuring time. Only SQLite can count them."""
    await store.write(add_people, [*["Nana Lee"] * 1_000, "Rae Moss"])
    await store.write(lambda tx, _: tx.conn.exec_driver_sql("ANALYZE"), None)

    def over(conn: sa.Connection, most: Mapping[str, int]) -> dict[str, int]:
        counted = {typed: steps(conn, typed) for typed in most}
        return {typed: count for typed, count in counted.items() if count > most[typed]}

    assert await store.read(over, STEPS) == {}
    monkeypatch.setattr(user_search, "MAX_ROWS", 100)
    monkeypatch.setattr(user_search, "SCANNED", 100)
    monkeypatch.setattr(user_search, "SAMPLE", 20)
    assert await store.read(over, STEPS_OF_MANY) == {}


def steps(conn: sa.Connection, typed: str) -> int:
    if conn.dialect.name != "sqlite":
        return 0
    raw: Any = conn.connection.dbapi_connection
    tens = itertools.count()
    raw.set_progress_handler(lambda: next(tens) < 0, 10)
    users.by_name(conn, typed, after=0, limit=20)
    users.search_user_ids(conn, typed, PageRequest(limit=20))
    raw.set_progress_handler(None, 0)
    return next(tens) * 10
