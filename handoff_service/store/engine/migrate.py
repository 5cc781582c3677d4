"""Migrates a database to the newest schema. Alembic's own files are in ``migrations/``.

On SQLite, a migration may copy a table and drop the old one. With foreign keys on, the drop would
delete all referring rows (ON DELETE CASCADE) or fail. So migrations run with foreign keys off, and
we check all foreign keys before the commit.
"""

import re
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote

import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory

from handoff_service.errors import SetupError
from handoff_service.store.engine.database import engine
from handoff_service.store.engine.database_copy import copy_before, database_file, remove_old_copies
from handoff_service.store.engine.tables import metadata

HEAD = "head"
_LOCK = 774213  # PostgreSQL's advisory lock, so processes migrate one after the other


def migrate(url: str, to: str = HEAD, *, report: Callable[[str], None] = lambda _: None) -> None:
    """Apply the missing migrations. Create the SQLite file and its folder if necessary.

    If migrations are missing in a SQLite file that has a schema, copy the file first. ``report``:
    gets a sentence with the copy's path. Raises SetupError, without a change, if the database
    cannot be migrated.
    """
    file = database_file(url)
    copy: Path | None = None
    refuse_another_program(url)
    try:
        with migrating(url) as connection:
            now = revision_of(connection)
            pending = pending_revisions(connection, to)
            if file is not None and now is not None and pending:
                copy = copy_before(file, pending[0])
                report(f"The database was copied to {copy} before its schema is changed.")
            if pending:
                apply(connection, to)
    except BaseException:
        if copy is not None:  # nothing was changed, so the copy is useless
            copy.unlink(missing_ok=True)
        raise
    if copy is not None:
        remove_old_copies(copy)


@contextmanager
def migrating(url: str) -> Iterator[sa.Connection]:
    """Open an exclusive transaction that may change the schema. It commits at the end of the block.

    Creates the folder of a SQLite file if necessary.
    """
    if file := database_file(url):
        file.parent.mkdir(parents=True, exist_ok=True)
    opened = engine(url, size=1, writes=True, foreign_keys=False)
    try:
        with database_errors(), opened.begin() as connection:
            if connection.dialect.name == "postgresql":
                connection.execute(sa.text(f"SELECT pg_advisory_xact_lock({_LOCK})"))
            yield connection
    finally:
        opened.dispose()


@contextmanager
def database_errors() -> Iterator[None]:
    """Convert errors about a missing or unusable database to a SetupError with the fix."""
    try:
        yield
    except (sa.exc.DatabaseError, sqlite3.Error) as error:
        sentence = _sentence(error)
        if sentence is None:
            raise
        raise SetupError(sentence) from error


def _sentence(error: Exception) -> str | None:
    cause = getattr(error, "orig", None) or error
    # sqlite3 uses this base class for damaged files, and subclasses for other problems
    if type(cause) is sqlite3.DatabaseError:
        return (
            f"The file of PATCHBOARD_DATABASE_URL is not a usable SQLite database ({cause}). Check "
            "the path, or move the file away and restore a backup with: patchboard restore FILE"
        )
    if isinstance(error, sa.exc.OperationalError) or isinstance(cause, sqlite3.OperationalError):
        return (
            f"The database of PATCHBOARD_DATABASE_URL cannot be opened: {cause}. Check the "
            "address, that the database is running, and that you may write to it."
        )
    return None


def revision_of(connection: sa.Connection) -> str | None:
    """Return the revision of a database's schema; None if it has no schema."""
    return MigrationContext.configure(connection).get_current_revision()


def pending_revisions(connection: sa.Connection, to: str = HEAD) -> list[str]:
    """Return the database's missing revisions, oldest first.

    Raises SetupError if the schema is newer than this program, or if the tables belong to another
    program.
    """
    now, known = revision_of(connection), known_revisions()
    if now is None:
        _refuse_foreign_tables(connection)
        done = 0
    elif now in known:
        done = known.index(now) + 1
    elif not re.fullmatch(r"\d{4}", now):
        raise SetupError(
            f"The database of PATCHBOARD_DATABASE_URL belongs to another program: its schema {now} "
            "is not one of Patchboard's. Use an empty database."
        )
    else:
        raise SetupError(
            f"The database has schema {now}, which is newer than this program (it knows up to "
            f"{known[-1]}). Start the newer version of Patchboard, or restore a backup from before "
            "the upgrade into an empty database with: patchboard restore FILE"
        )
    wanted = len(known) if to == HEAD else known.index(to) + 1
    return known[done:wanted]


def _refuse_foreign_tables(connection: sa.Connection) -> None:
    """Refuse a database with another program's tables. In a SQLite file, every table counts. On
    PostgreSQL, only tables with our names count, because extensions may have their own tables."""
    there = set(sa.inspect(connection).get_table_names())
    foreign = there if connection.dialect.name == "sqlite" else metadata.tables.keys() & there
    if foreign:
        raise SetupError(
            "The database of PATCHBOARD_DATABASE_URL belongs to another program: it has tables "
            f"named {', '.join(sorted(foreign)[:3])} that Patchboard did not make. Use an empty "
            "database."
        )


def refuse_another_program(url: str) -> None:
    """Raise SetupError for a SQLite file of another program or of a newer version. Call this before
    one of our connections changes the file's journal mode."""
    file = database_file(url)
    if file is None or not file.is_file() or not file.stat().st_size:
        return
    opened = sa.create_engine(
        "sqlite://",
        creator=lambda: sqlite3.connect(f"file:{quote(str(file))}?mode=ro", uri=True),
        poolclass=sa.pool.NullPool,
    )
    with database_errors(), opened.connect() as connection:
        pending_revisions(connection)


def known_revisions() -> list[str]:
    """Return every revision that this program knows, oldest first."""
    script = ScriptDirectory.from_config(_config())
    return [one.revision for one in script.walk_revisions()][::-1]


def apply(connection: sa.Connection, to: str = HEAD) -> None:
    """Run the migrations in the caller's transaction. Raises SetupError if a row then refers to a
    missing row."""
    config = _config()
    config.attributes["connection"] = connection
    command.upgrade(config, to)
    check_foreign_keys(connection)


def check_foreign_keys(connection: sa.Connection) -> None:
    """Check all foreign keys on SQLite, because they were off. PostgreSQL always checks them."""
    if connection.dialect.name != "sqlite":
        return
    broken: list[Any] = list(connection.exec_driver_sql("PRAGMA foreign_key_check").fetchmany(1))
    if broken:
        table, row, parent, _ = broken[0]
        raise SetupError(
            f"The database was not changed: row {row} of table {table} refers to a row of "
            f"{parent} that does not exist. Restore a backup, or report this with the revision "
            "that you upgraded from."
        )


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    return config
