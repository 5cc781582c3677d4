"""Every earlier schema, with rows in every table, is upgraded to the newest one without losing a row or a value."""

import itertools
import sqlite3
from collections.abc import Iterator
from contextlib import closing, nullcontext
from pathlib import Path

import pytest

from handoff_service.store.migrate import apply, known_revisions, migrate, migrating
from tests.conftest import postgres_database
from tests.store.schema_rows import add_rows, found_by_words, lost, reflect, rows

# What migrations change on purpose. A new migration that renames or drops a column adds a line here.
RENAMED = {"cases.problem": "description"}  # 0008
DROPPED: frozenset[str] = frozenset()


@pytest.fixture(params=["sqlite", "postgresql"])
def empty_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """A database with nothing in it, on each of the two kinds."""
    made = postgres_database() if request.param == "postgresql" else nullcontext(f"sqlite:///{tmp_path}/desk.db")
    with made as url:
        yield url


def test_every_earlier_schema_keeps_its_rows(empty_url: str) -> None:
    """One walk: at each revision rows are added to every table, and the head is compared with all of them.

    A database that begins at revision n with rows takes exactly these steps; so does its every row.
    """
    numbers = itertools.count(1)
    at_revision = {}
    for revision in known_revisions():
        with migrating(empty_url) as conn:
            apply(conn, revision)
            schema = reflect(conn)
            for _ in range(2):
                add_rows(conn, schema, numbers)
            at_revision[revision] = rows(conn, schema, RENAMED), found_by_words(conn)
            assert all(len(there) >= 2 for there in at_revision[revision][0].values())
    newest, words = at_revision[known_revisions()[-1]]
    assert all(found <= words for _, found in at_revision.values())
    assert [
        f"from {revision}: {one}"
        for revision, (before, _) in at_revision.items()
        for one in lost(before, newest, DROPPED)
    ] == []


def test_the_first_schema_is_upgraded_at_once(empty_url: str) -> None:
    """All migrations in one transaction, as a desk that was never upgraded runs them; counters go on behind its rows."""
    numbers = itertools.count(1)
    with migrating(empty_url) as conn:
        apply(conn, known_revisions()[0])
        schema = reflect(conn)
        for _ in range(2):
            add_rows(conn, schema, numbers)
        before = rows(conn, schema, RENAMED)
    migrate(empty_url)
    with migrating(empty_url) as conn:
        schema = reflect(conn)
        assert lost(before, rows(conn, schema), DROPPED) == []
        add_rows(conn, schema, numbers)
