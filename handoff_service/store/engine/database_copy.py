"""Copies the SQLite file before a migration changes it."""

import os
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

from handoff_service import clock
from handoff_service.errors import SetupError

KEPT = 3  # copies to keep
SPARE_BYTES = 16 * 1024 * 1024  # minimum free space for the migration itself
_MARK = "before"


def database_file(url: str) -> Path | None:
    """Return the file of a SQLite URL; None for PostgreSQL."""
    return Path(url.removeprefix("sqlite:///")) if url.startswith("sqlite:///") else None


def copy_before(file: Path, revision: str) -> Path:
    """Copy a database to a file in the same folder. Its name contains the next revision.

    This uses SQLite's backup API, so the copy includes the write-ahead log. Raises SetupError,
    without a change, if there is not enough space or the folder is not writable.
    """
    size = sum(part.stat().st_size for part in (file, Path(f"{file}-wal")) if part.exists())
    free = shutil.disk_usage(file.parent).free
    if free < size + SPARE_BYTES:
        raise SetupError(
            f"There is no room to copy the database before its schema is changed: {file.parent} "
            f"has {_mb(free)} free, and the copy needs {_mb(size + SPARE_BYTES)}. Free some "
            "space and start again."
        )
    copy = file.with_name(f"{file.name}.{_MARK}-{revision}-{clock.now():%Y%m%dT%H%M%S%f}")
    part = copy.with_name(f"{copy.name}.part")
    try:
        part.touch(mode=0o600)
        with closing(sqlite3.connect(file)) as source, closing(sqlite3.connect(part)) as target:
            source.backup(target)
        with part.open("rb") as written:
            os.fsync(written.fileno())
        part.replace(copy)
    except (OSError, sqlite3.Error) as error:
        raise SetupError(
            f"The database could not be copied to {copy}, so nothing was changed: {error}"
        ) from error
    finally:
        part.unlink(missing_ok=True)
    return copy


def remove_old_copies(newest: Path) -> None:
    """Delete all copies of this database except the newest ``KEPT``."""
    of_file = newest.name.split(f".{_MARK}-")[0]
    copies = sorted(
        newest.parent.glob(f"{of_file}.{_MARK}-*"), key=lambda path: path.stat().st_mtime
    )
    for old in copies[:-KEPT]:
        old.unlink(missing_ok=True)


def remove_copies(file: Path) -> int:
    """Delete all copies of this database, because they contain data that was erased later. Returns
    the number of copies."""
    copies = list(file.parent.glob(f"{file.name}.{_MARK}-*"))
    for copy in copies:
        copy.unlink(missing_ok=True)
    return len(copies)


def _mb(size: int) -> str:
    return f"{size / 1_000_000:,.0f} MB"
