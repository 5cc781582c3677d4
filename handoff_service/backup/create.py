"""``patchboard backup``: write one archive of a desk, even while it serves."""

from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import sqlalchemy as sa

from handoff_service import clock
from handoff_service.backup.archive import KEYS, Manifest, Writer, new_archive
from handoff_service.bot_control import model_folder
from handoff_service.errors import SetupError
from handoff_service.gateways.media_stores import media_store_of
from handoff_service.ports.media_store import MediaStore
from handoff_service.settings import Settings
from handoff_service.store.engine.database import engine
from handoff_service.store.engine.migrate import (
    database_errors,
    pending_revisions,
    refuse_another_program,
    revision_of,
)
from handoff_service.store.engine.portable_rows import tables_of, write_rows

type Report = Callable[[str], None]


def back_up(
    settings: Settings, path: Path, report: Report, *, with_media: bool | None = None
) -> None:
    """Write the archive. One transaction reads all tables, so they are consistent.

    The archive gets the media files after the tables. The desk stores a file before the row that
    names it, so every file that a row names exists, unless the desk has erased its message since.
    ``with_media`` None: the archive gets media from the folder in HOME, but none from an S3 store,
    because people back up a bucket with its own tools. Raises SetupError when the database has no
    schema, or when the archive cannot be written.
    """
    if with_media is None:
        with_media = settings.media_bucket is None
    refuse_another_program(settings.database_url)
    opened = engine(settings.database_url, size=1, writes=False)
    try:
        with database_errors(), opened.connect() as connection:
            # in SQLite, every transaction reads one snapshot
            if opened.dialect.name == "postgresql":
                connection.execution_options(
                    isolation_level="REPEATABLE READ", postgresql_readonly=True
                )
            _write(settings, connection, path, report, with_media)
    finally:
        opened.dispose()


def _write(
    settings: Settings,
    connection: sa.Connection,
    path: Path,
    report: Report,
    with_media: bool,
) -> None:
    pending_revisions(connection)
    schema = revision_of(connection)
    if schema is None:
        raise SetupError("The database is empty, so there is nothing to back up.")
    made_at = clock.now()
    desk = connection.execute(sa.text("SELECT name FROM desk")).scalar()
    media = media_store_of(settings)
    manifest = Manifest(
        schema=schema,
        database=connection.dialect.name,
        made_at=made_at.isoformat(),
        desk=desk or "",
        media_store=None if with_media else media.where,
    )
    with new_archive(path, manifest) as archive:
        for table in tables_of(connection):
            count = archive.add_lines(f"tables/{table.name}.jsonl", write_rows(connection, table))
            manifest.columns[table.name] = list(table.columns.keys())
            manifest.rows[table.name] = count
            if count:
                report(f"{table.name}: {count:,} rows")
        # copying media takes a while, and during an open transaction the database cannot remove old
        # rows
        connection.rollback()
        if with_media:
            _add_media(archive, media, report)
        else:
            report(
                f"The media are in {media.where} and not in this backup. Back that bucket up with "
                "its own versioning or replication, or add them here with --with-media."
            )
        _add_models(archive, settings.home, report)
        _add_keys(archive, settings, report)
    report(
        f"The backup is in {path}: {sum(manifest.rows.values()):,} rows, {manifest.media:,} media, "
        f"{manifest.models:,} model files."
    )


def _add_media(archive: Writer, media: MediaStore, report: Report) -> None:
    for name in media.names():
        content = media.read(name)
        if content is not None:  # None: an upload that the desk has deleted since then
            archive.add_bytes(f"media/{name}", content)
            archive.manifest.media += 1
    if archive.manifest.media:
        report(f"media: {archive.manifest.media:,} files")


def _add_models(archive: Writer, home: Path, report: Report) -> None:
    for path in model_folder.files(home):
        with suppress(FileNotFoundError):  # an old model that the desk has deleted since then
            archive.add_file(f"models/{path.name}", path)
            archive.manifest.models += 1
    if archive.manifest.models:
        report(f"models: {archive.manifest.models:,} files")


def _add_keys(archive: Writer, settings: Settings, report: Report) -> None:
    for name in KEYS:
        kept = settings.home / name
        if getattr(settings, name) is None:
            continue
        if kept.exists() and kept.read_text().strip() == getattr(settings, name):
            archive.add_bytes(f"keys/{name}", getattr(settings, name).encode())
        else:
            report(
                f"PATCHBOARD_{name.upper()} comes from the environment and is not in the backup. "
                "Keep it with your other secrets: a restored desk needs it."
            )
