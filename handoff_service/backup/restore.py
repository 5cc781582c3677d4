"""``patchboard restore``: restore a desk from an archive into an empty database and HOME.

One transaction creates the archive's schema, fills it, and then migrates the database. Before the
commit, the restore also writes keys, media and models. If the restore is interrupted, the database
stays empty. The service then ignores these files, so the interrupted restore has no effect.
"""

import secrets
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import IO

import sqlalchemy as sa

from handoff_service import clock
from handoff_service.backup.archive import (
    Manifest,
    check,
    key_of,
    medium_of,
    members,
    model_file_of,
    readable,
    table_of,
)
from handoff_service.backup.create import Report
from handoff_service.bot_control import bot_tracker, model_folder
from handoff_service.errors import MediaAway, SetupError
from handoff_service.gateways.media_stores import media_store_of
from handoff_service.ports import MediaStore
from handoff_service.rules.shared.counted import counted
from handoff_service.rules.shared.vocabulary import Work
from handoff_service.settings import Settings, key_fingerprint, replace_key
from handoff_service.store.conversations.media import used_files
from handoff_service.store.delivery import restore_holds
from handoff_service.store.engine import secret_keys
from handoff_service.store.engine import tables as t
from handoff_service.store.engine.database_copy import database_file
from handoff_service.store.engine.migrate import (
    apply,
    check_foreign_keys,
    database_errors,
    known_revisions,
    migrating,
    pending_revisions,
    revision_of,
)
from handoff_service.store.engine.one_process import only_process
from handoff_service.store.engine.portable_rows import read_rows, set_counters, tables_of

# a desk in use has rows in these tables
TABLES_IN_USE = ("agents", "users", "groups", "queues", "provider_numbers", "interactions")


def restore(settings: Settings, path: Path, report: Report) -> None:
    """Restore a desk. Its unsent texts and calls wait until an admin releases them. Raises
    SetupError and restores nothing when the archive is damaged or newer than this program, when the
    database already has a desk, or when a service is using the database."""
    report(f"Checking {path}.")
    manifest = check(path)
    if manifest.schema not in known_revisions():
        raise SetupError(
            f"{path} has schema {manifest.schema}, which is newer than this program (it knows up "
            f"to {known_revisions()[-1]}). Restore it with the version of Patchboard that made "
            "it, or a newer one."
        )
    with only_process(settings.database_url, "patchboard restore", clock.now()):
        _restore(settings, path, manifest, report)


def _restore(settings: Settings, path: Path, manifest: Manifest, report: Report) -> None:
    _refuse_open_file(settings)
    _refuse_tracker_in_use(settings)
    media = media_store_of(settings)
    media.check()
    with (
        readable(path),
        _added_files(settings.home, media) as files,
        migrating(settings.database_url) as connection,
    ):
        _refuse_others(connection)
        _empty(connection)
        apply(connection, manifest.schema)
        keys = _fill(connection, path, manifest, files, report)
        apply(connection)
        check_foreign_keys(connection)
        _finish(connection, manifest, keys)
        missing = used_files(connection) - set(media.names())
        for name, key in keys.items():
            replace_key(settings.home, name, key)
    report(
        f"Restored {sum(manifest.rows.values()):,} rows, {manifest.media:,} media and "
        f"{manifest.models:,} model files from the backup of {manifest.made_at}."
    )
    if missing:
        report(_missing(len(missing), media, manifest))
    report(
        "The sends that were queued before the backup are held. An admin releases or cancels them "
        "under Admin, Restored sends, or with: patchboard held release, patchboard held cancel"
    )


def _missing(count: int, media: MediaStore, manifest: Manifest) -> str:
    """A sentence about media files that restored rows name but the media store does not have."""
    found = (
        f"Warning: {counted(count, 'file')} of the restored desk {'is' if count == 1 else 'are'}"
    )
    if manifest.media_store in (None, media.where):
        return f"{found} not in {media.where}. Restore the files there from its own backup."
    return (
        f"{found} not in {media.where}. The backup was made without media, which were in "
        f"{manifest.media_store}. Set PATCHBOARD_MEDIA_STORE to that, or copy the files."
    )


def _refuse_open_file(settings: Settings) -> None:
    """Refuse a database file that another connection has open, because SQLite would then keep the
    old write-ahead log."""
    file = database_file(settings.database_url)
    if file is None or not file.is_file():
        return
    with database_errors(), closing(sqlite3.connect(file, timeout=1)) as database:
        try:
            database.execute("PRAGMA journal_mode=DELETE")
        except sqlite3.OperationalError as error:
            if "locked" in str(error):
                raise SetupError(_SERVING) from error
            raise


def _refuse_tracker_in_use(settings: Settings) -> None:
    """Refuse a database of the bots that already has conversations. The restored desk gives new
    conversations numbers that the bots may already know from another conversation."""
    if settings.bot_tracker_url and bot_tracker.has_conversations(settings.bot_tracker_url):
        raise SetupError(
            "The database of PATCHBOARD_BOT_TRACKER_URL holds the virtual agent's conversations of "
            "a desk. They would mix with those of the restored desk. Name an empty database, or "
            f"stop the bots and run there: DROP SCHEMA {bot_tracker.SCHEMA} CASCADE"
        )


_SERVING = (
    "A desk is using this database. Stop the service (patchboard serve or run), then restore again."
)


def _refuse_others(connection: sa.Connection) -> None:
    if connection.dialect.name == "sqlite":
        return
    others = sa.text(
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() "
        "AND pid <> pg_backend_pid() AND backend_type = 'client backend'"
    )
    if connection.execute(others).scalar_one():
        raise SetupError(_SERVING)


def _empty(connection: sa.Connection) -> None:
    """Drop the tables of a desk that nobody has used. Raises SetupError if somebody has used it."""
    pending_revisions(connection)  # raises for a newer schema and for another program's tables
    if revision_of(connection) is None:
        return
    there = {
        table.name: table for table in tables_of(connection) if table.name in t.metadata.tables
    }
    for name in TABLES_IN_USE:
        if (
            name in there
            and connection.execute(
                sa.select(sa.literal(1)).select_from(there[name]).limit(1)
            ).first()
        ):
            raise SetupError(
                f"The database of PATCHBOARD_DATABASE_URL already holds a desk: its table {name} "
                "has rows. Restore into a new PATCHBOARD_HOME or an empty database, so that "
                "nothing is overwritten."
            )
    for table in reversed(there.values()):
        table.drop(connection)
    for name in (t.MESSAGE_WORDS, "alembic_version"):
        connection.execute(sa.text(f"DROP TABLE IF EXISTS {name}"))


@dataclass(slots=True)
class _Files:
    """The files that this restore puts into HOME."""

    home: Path
    media: MediaStore
    added_media: list[str] = field(default_factory=list)
    added_models: list[str] = field(default_factory=list)

    def add(self, member: str, content: IO[bytes]) -> None:
        """Store the member if it is a medium or a file of a model."""
        if name := medium_of(member):
            if self.media.add(name, content):
                self.added_media.append(name)
        elif (name := model_file_of(member)) and model_folder.add(self.home, name, content.read()):
            self.added_models.append(name)

    def remove(self) -> None:
        with suppress(MediaAway):  # if they stay, the next restore adds the same files again
            for name in self.added_media:
                self.media.remove(name)
        for name in self.added_models:
            (model_folder.folder(self.home) / name).unlink(missing_ok=True)


@contextmanager
def _added_files(home: Path, media: MediaStore) -> Iterator[_Files]:
    """Collect the files that this restore adds. If the restore fails, remove them."""
    files = _Files(home, media)
    try:
        yield files
    except BaseException:
        files.remove()
        raise


def _fill(
    connection: sa.Connection,
    path: Path,
    manifest: Manifest,
    files: _Files,
    report: Report,
) -> dict[str, str]:
    """Read the members into the database and HOME. Returns the keys by their names."""
    tables = {table.name: table for table in tables_of(connection)}
    for table in reversed(tables.values()):
        # delete the rows that migrations insert into a new desk, because the archive also has them
        connection.execute(sa.delete(table))
    keys = {}
    for member, content in members(path):
        if name := table_of(member):
            _fill_table(connection, tables.get(name), name, content, manifest)
            if manifest.rows[name]:
                report(f"{name}: {manifest.rows[name]:,} rows")
        elif name := key_of(member):
            keys[name] = content.read().decode()
        else:
            files.add(member, content)
    for kind, count in (("media", manifest.media), ("models", manifest.models)):
        if count:
            report(f"{kind}: {count:,} files")
    return keys


def _fill_table(
    connection: sa.Connection,
    table: sa.Table | None,
    name: str,
    content: IO[bytes],
    manifest: Manifest,
) -> None:
    columns = manifest.columns.get(name, [])
    if table is None or not set(columns) <= set(table.columns.keys()):
        raise SetupError(f"The backup does not fit its own schema {manifest.schema}: table {name}.")
    if read_rows(connection, table, columns, content) != manifest.rows[name]:
        raise SetupError(
            f"The backup is damaged: table {name} has fewer or more rows than the manifest lists. "
            "Use another backup."
        )
    set_counters(connection, table)


def _finish(connection: sa.Connection, manifest: Manifest, keys: Mapping[str, str]) -> None:
    """Change the rows that must not stay as they were: end sessions, index the texts again, and let
    sends wait for an admin."""
    # an agent may have changed the password after the backup
    connection.execute(sa.delete(t.sessions))
    # the original desk has already sent these mails; agents who still need a link can request a new
    # one
    connection.execute(sa.delete(t.due_work).where(t.due_work.c.kind == Work.MAIL_LINK))
    # With a new id, this desk does not mix with the original desk, which may still use the same
    # Redis server. The id also signs password links, so earlier links no longer work.
    connection.execute(sa.update(t.installation).values(desk_id=secrets.token_hex(8)))
    connection.execute(sa.update(t.text_index).values(done_to=0, next_to=None, next_after=None))
    if "secret_key" in keys:
        secret_keys.remember(connection, key_fingerprint(keys["secret_key"]))
    restore_holds.hold(
        connection, backed_up_at=datetime.fromisoformat(manifest.made_at), now=clock.now()
    )
