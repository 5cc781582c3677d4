"""Migrations and tables say the same, on both databases; a database cannot hold what must never be."""

from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

from handoff_service.errors import SetupError
from handoff_service.store import tables as t
from handoff_service.store.database import engine
from handoff_service.store.migrate import migrate
from tests.story import ANN, Story


def _compared(_context: object, _there: object, column: sa.Column[object], *_more: object) -> bool | None:
    """PostgreSQL has no equality for JSON, so Alembic cannot compare such a default."""
    return False if isinstance(column.type, sa.JSON) else None


INDEX_OF_TEXTS = {
    "message_words",
    *(f"message_words_{part}" for part in ("data", "idx", "docsize", "config")),  # SQLite's own
}


def _ours(name: str | None, kind: str, _parents: object) -> bool:
    """Full-text tables cannot be said in ``tables.py``."""
    return kind != "table" or name not in INDEX_OF_TEXTS


OPTIONS = {"compare_type": True, "compare_server_default": _compared, "include_name": _ours}


def test_migrations_make_exactly_the_tables(database_url: str) -> None:
    opened = engine(database_url, size=1, writes=False)
    with opened.connect() as conn:
        context = MigrationContext.configure(conn, opts=OPTIONS)
        assert compare_metadata(context, t.metadata) == []
        there = {index["name"] for table in t.metadata.tables for index in sa.inspect(conn).get_indexes(table)}
    opened.dispose()
    wanted = {str(index.name) for table in t.metadata.tables.values() for index in table.indexes}
    assert wanted <= there, "partial indexes are not compared above"


def test_migrating_again_changes_nothing(database_url: str) -> None:
    migrate(database_url)
    migrate(database_url)


def test_a_database_that_cannot_be_opened_is_said(tmp_path: Path) -> None:
    with pytest.raises(SetupError, match="PATCHBOARD_DATABASE_URL cannot be opened"):
        migrate("postgresql://127.0.0.1:1/nothing")


async def test_the_database_itself_refuses_a_second_active_interaction_and_profile(story: Story) -> None:
    first = await story.text()
    row = (await story.rows(t.interactions, t.interactions.c.id == first.interaction_id))[0]._asdict()
    del row["id"]
    with pytest.raises(sa.exc.IntegrityError):
        await story.store.write(lambda tx, _: tx.conn.execute(sa.insert(t.interactions).values(**row)), None)
    (profile,) = await story.rows(t.messaging_profiles, t.messaging_profiles.c.number == ANN)
    again = {**profile._asdict()}
    del again["id"]
    with pytest.raises(sa.exc.IntegrityError):
        await story.store.write(lambda tx, _: tx.conn.execute(sa.insert(t.messaging_profiles).values(**again)), None)


async def test_times_come_back_as_they_went(story: Story, clock: object) -> None:
    received = await story.text()
    assert (await story.see(received.interaction_id or 0)).opened_at == clock()  # type: ignore[operator]
