"""``patchboard restore``: restore a desk from an archive into an empty database and HOME.

One transaction creates the archive's schema, fills it, and then migrates the database. Before the
commit, the restore also writes media and models, and then the keys. If the restore is interrupted,
the database stays empty, so the service ignores the media and models that it finds.
"""

import secrets
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import IO

import sqlalchemy as sa

from handoff_service import clock
from handoff_service.backup.archive import Manifest, check, key_of, members, readable, table_of
from handoff_service.backup.create import Report
from handoff_service.backup.restore_target import (
    drop_unused_desk,
    refuse_open_file,
    refuse_others,
    refuse_tracker_in_use,
)
from handoff_service.backup.restored_files import RestoredFiles, added_files
from handoff_service.environment.key_files import key_fingerprint, replace_key
from handoff_service.errors import SetupError
from handoff_service.gateways.media_stores import media_store_of
from handoff_service.ports.media_store import MediaStore
from handoff_service.rules.shared.counted import counted
from handoff_service.rules.shared.vocabulary import Work
from handoff_service.settings import Settings
from handoff_service.store.conversations.media import used_files
from handoff_service.store.delivery import restore_holds
from handoff_service.store.engine import secret_keys
from handoff_service.store.engine import tables as t
from handoff_service.store.engine.migrate import (
    apply,
    check_foreign_keys,
    known_revisions,
    migrating,
)
from handoff_service.store.engine.one_process import only_process
from handoff_service.store.engine.portable_rows import read_rows, set_counters, tables_of


def restore(settings: Settings, path: Path, report: Report) -> None:
    """Restore a desk. Its unsent texts and calls wait until an admin releases or cancels them.
    Raises SetupError and restores nothing when the archive is damaged or newer than this program,
    when the database already has a desk, when a service is using the database, or when the bot's
    database contains conversations."""
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
    refuse_open_file(settings)
    refuse_tracker_in_use(settings)
    media = media_store_of(settings)
    media.check()
    with (
        readable(path),
        added_files(settings.home, media) as files,
        migrating(settings.database_url) as connection,
    ):
        refuse_others(connection)
        drop_unused_desk(connection)
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


def _fill(
    connection: sa.Connection,
    path: Path,
    manifest: Manifest,
    files: RestoredFiles,
    report: Report,
) -> dict[str, str]:
    """Read the tables into the database, and the media and models into their stores. Returns the
    keys by their names."""
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
    """Change the rows that must not stay as they were: end the sessions, drop mails with links,
    give the desk a new id, index the texts again, and hold the sends for an admin."""
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
