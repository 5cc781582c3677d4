"""An upgrade from every earlier schema to the newest one loses no row and no value."""

import itertools
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing, nullcontext
from pathlib import Path
from typing import Any

import pytest

from handoff_service import cli
from handoff_service.errors import SetupError
from handoff_service.store.engine.migrate import apply, known_revisions, migrate, migrating
from tests.conftest import postgres_database
from tests.support.schema_rows import add_rows, found_by_words, lost, reflect, rows, shapes

# What migrations change on purpose. A new migration that renames, drops or changes a column adds a
# line here.
RENAMED = {"cases.problem": "description"}  # 0008
MOVED = {"case_webhook": "webhooks"}  # 0058
CHANGED = frozenset(
    {
        "agents.presence_reason",  # 0016 drops it: see test_migrations.py
        "outage_texts.body_es",  # 0070 moves it into translations: see test_migrations.py
        "desk.most_in_range",  # 0019 lowers the old default
        "text_index.done_to",  # 0021 and 0029 (on SQLite) rebuild the text index
        "report_days.packed",  # 0049 packs all days again
        "text_index.next_to",
        "text_index.next_after",
    }
)
# This migration empties the index of texts on SQLite. The index fills again in the background.
WORDS_SINCE = "0029"


@pytest.fixture(params=["sqlite", "postgresql"])
def empty_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """An empty database. Each test runs on SQLite and on PostgreSQL."""
    made = (
        postgres_database()
        if request.param == "postgresql"
        else nullcontext(f"sqlite:///{tmp_path}/desk.db")
    )
    with made as url:
        yield url


def test_every_earlier_schema_keeps_its_rows(empty_url: str) -> None:
    """The test goes through all revisions once. After each revision, it adds rows to every table
    that the revision has changed. At the end, it compares the newest schema with the rows of every
    revision. A database that starts at any revision goes through the same steps. Tables that a
    revision has not changed need no new rows, because their earlier rows have the same form.
    """
    numbers = itertools.count(1)
    at_revision, before = {}, dict[str, str]()
    for revision in known_revisions():
        with migrating(empty_url) as conn:
            apply(conn, revision)
            now = shapes(conn)
            if changed := [name for name, shape in now.items() if before.get(name) != shape]:
                schema = reflect(conn, changed)
                for _ in range(2):
                    add_rows(conn, schema, numbers)
            before = now
            at_revision[revision] = rows(conn, now, RENAMED), found_by_words(conn)
            assert all(len(there) >= 2 for there in at_revision[revision][0].values())
    newest, words = at_revision[known_revisions()[-1]]
    assert all(
        found <= words for revision, (_, found) in at_revision.items() if revision >= WORDS_SINCE
    )
    assert [
        f"from {revision}: {one}"
        for revision, (before_it, _) in at_revision.items()
        for one in lost(moved(before_it), newest, CHANGED)
    ] == []


def moved(tables: dict[str, list[Any]]) -> dict[str, list[Any]]:
    """Return the rows under the current names of their tables."""
    return {MOVED.get(name, name): there for name, there in tables.items()}


def test_the_first_schema_is_upgraded_at_once(empty_url: str) -> None:
    """All migrations run in one transaction, as on a desk that was never upgraded, and the id
    counters continue.
    """
    numbers = itertools.count(1)
    with migrating(empty_url) as conn:
        apply(conn, known_revisions()[0])
        schema = reflect(conn, shapes(conn))
        for _ in range(2):
            add_rows(conn, schema, numbers)
        before = rows(conn, shapes(conn), RENAMED)
    migrate(empty_url)
    with migrating(empty_url) as conn:
        assert lost(before, rows(conn, shapes(conn)), CHANGED) == []
        add_rows(conn, reflect(conn, shapes(conn)), numbers)


def _statement(path: Path, statement: str) -> list[tuple[object, ...]]:
    with closing(sqlite3.connect(path)) as database, database:
        return database.execute(statement).fetchall()


def test_an_upgrade_copies_the_file_only_if_it_changes_it(tmp_path: Path) -> None:
    path, told = tmp_path / "desk.db", list[str]()
    migrate(f"sqlite:///{path}", "0001", report=told.append)
    _statement(path, "INSERT INTO groups (name) VALUES ('in the log only')")
    assert told == [], "a new file needs no copy"
    migrate(f"sqlite:///{path}", report=told.append)
    (copy,) = tmp_path.glob("desk.db.before-0002-*")
    assert told == [f"The database was copied to {copy} before its schema is changed."]
    assert copy.stat().st_mode & 0o777 == 0o600
    assert _statement(
        copy, "SELECT name, (SELECT version_num FROM alembic_version) FROM groups"
    ) == [("in the log only", "0001")]
    migrate(f"sqlite:///{path}", report=told.append)
    assert len(told) == 1, "without a new migration there is no copy"


def test_only_the_newest_copies_are_kept(tmp_path: Path) -> None:
    path = tmp_path / "desk.db"
    migrate(f"sqlite:///{path}", "0001")
    for revision in ("0002", "0003", "0004", "0005"):
        migrate(f"sqlite:///{path}", revision)
    assert sorted(copy.name[:19] for copy in tmp_path.glob("desk.db.before-*")) == [
        f"desk.db.before-{revision}" for revision in ("0003", "0004", "0005")
    ]


def test_missing_disk_space_for_the_copy_is_reported_before_any_change(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "desk.db"
    migrate(f"sqlite:///{path}", "0001")
    usage = shutil.disk_usage(tmp_path)._replace(free=1_000_000)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage)
    with pytest.raises(SetupError, match=r"There is no room to copy .* Free some space"):
        migrate(f"sqlite:///{path}")
    assert _statement(path, "SELECT version_num FROM alembic_version") == [("0001",)]
    assert list(tmp_path.glob("*before*")) == []


def test_a_row_with_a_missing_parent_stops_the_upgrade(tmp_path: Path) -> None:
    path = tmp_path / "desk.db"
    migrate(f"sqlite:///{path}", "0001")
    # Foreign keys are off in a plain connection.
    _statement(path, "INSERT INTO agent_roles VALUES (7, 'agent')")
    with pytest.raises(
        SetupError, match="row 1 of table agent_roles refers to a row of agents that does not exist"
    ):
        migrate(f"sqlite:///{path}")
    assert _statement(path, "SELECT version_num FROM alembic_version") == [("0001",)]
    assert list(tmp_path.glob("*before*")) == [], "the file is unchanged, so its copy is deleted"


@pytest.mark.parametrize(
    "command", ["migrate", "serve", "run", "doctor", "export", "import", "backup"]
)
@pytest.mark.parametrize(
    "kind",
    [
        "newer",
        "garbage",
        "folder",
        "another program's",
        "with other tables",
        "with another program's revision",
    ],
)
def test_an_unusable_file_is_reported_in_a_sentence(
    command: str,
    kind: str,
    sqlite_desk: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    path = tmp_path / "patchboard.db"
    shutil.copy(sqlite_desk, path)
    says = UNUSABLE[kind](path)
    for name, value in {"HOME": str(tmp_path), "BOT_URL": "", "PORT": "0"}.items():
        monkeypatch.setenv(f"PATCHBOARD_{name}", value)
    before = path.read_bytes() if path.is_file() else b""
    file = [str(tmp_path / "file.toml")] if command in ("export", "import", "backup") else []
    assert cli.main([command, *file]) == 1
    printed = "".join(capsys.readouterr())
    assert says in printed
    assert "Traceback" not in printed
    assert (path.read_bytes() if path.is_file() else b"") == before


def _newer(path: Path) -> str:
    _statement(path, "UPDATE alembic_version SET version_num = '9999'")
    return "has schema 9999, which is newer than this program"


def _garbage(path: Path) -> str:
    path.write_bytes(b"this is no database " * 400)
    return "is not a usable SQLite database"


def _folder(path: Path) -> str:
    path.unlink()
    path.mkdir()
    return "cannot be opened"


def _another_programs(path: Path) -> str:
    _statement(path, "DROP TABLE alembic_version")
    return "belongs to another program"


def _others(path: Path) -> str:
    path.unlink()
    _statement(path, "CREATE TABLE recipes (id INTEGER)")
    return "belongs to another program: it has tables named recipes"


def _other_revision(path: Path) -> str:
    _statement(path, "UPDATE alembic_version SET version_num = 'a1b2c3d4e5f6'")
    return "belongs to another program: its schema a1b2c3d4e5f6"


UNUSABLE = {
    "with other tables": _others,
    "with another program's revision": _other_revision,
    "newer": _newer,
    "garbage": _garbage,
    "folder": _folder,
    "another program's": _another_programs,
}


def test_an_empty_file_becomes_a_desk(tmp_path: Path) -> None:
    (tmp_path / "desk.db").touch()
    migrate(f"sqlite:///{tmp_path}/desk.db")
    assert list(tmp_path.glob("*before*")) == []
