"""Only rows with many bytes come from PostgreSQL in its binary format."""

from collections.abc import Iterator

import pytest
import sqlalchemy as sa
from psycopg.pq import Format

from handoff_service.store.engine.binary_rows import binary_rows
from handoff_service.store.engine.database import engine

ALL_BYTES = bytes(range(256))
QUERY = sa.select(sa.literal(ALL_BYTES), sa.literal(7), sa.literal("día"), sa.null())


@pytest.fixture
def conn(database_url: str) -> Iterator[sa.Connection]:
    opened = engine(database_url, size=1, writes=False)
    with opened.connect() as made:
        yield made
    opened.dispose()


def test_rows_are_the_same_as_those_of_a_plain_query(conn: sa.Connection) -> None:
    assert binary_rows(conn, QUERY) == conn.execute(QUERY).all() == [(ALL_BYTES, 7, "día", None)]


def test_only_this_query_asks_postgres_for_its_binary_format(postgres_url: str) -> None:
    formats: list[Format] = []
    opened = engine(postgres_url, size=1, writes=False)
    sa.event.listen(
        opened, "after_cursor_execute", lambda _conn, cursor, *_: formats.append(cursor.format)
    )
    with opened.connect() as conn:
        binary_rows(conn, QUERY)
        conn.execute(QUERY)
        with pytest.raises(sa.exc.DBAPIError):
            binary_rows(conn, sa.select(sa.literal(1) / sa.literal(0)))
        conn.rollback()
        conn.execute(QUERY)
    opened.dispose()
    assert formats == [Format.BINARY, Format.TEXT, Format.TEXT]
