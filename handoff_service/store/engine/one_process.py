"""Ensures with a lock that only one process serves a SQLite file.

The lock is an ``flock`` on a file next to the database. The kernel releases it when the process
ends, even after a kill. It does not affect the database's own locks. The file remains, but its
content is valid only while it is locked. Commands that do not serve (``doctor``, ``export``,
``import``, ``migrate``) need no lock, because SQLite isolates their transactions.
"""

import fcntl
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

import sqlalchemy as sa

from handoff_service.errors import SetupError


@contextmanager
def only_process(database_url: str, address: str, now: datetime) -> Iterator[None]:
    """Lock this SQLite file until the block ends, so that no other process serves it. ``address``:
    where this process serves, for the other process's error message. Does nothing for PostgreSQL.

    Raises SetupError with the process that already serves the file, or if the lock file cannot be
    opened or locked. A symbolic link to the database has the same lock as the database.
    """
    if not database_url.startswith("sqlite"):
        yield
        return
    path = Path(os.path.realpath(sa.make_url(database_url).database or "") + ".lock")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        file = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    except OSError as error:
        raise SetupError(
            f"{path} cannot be opened: {error.strerror}. Check who owns its folder."
        ) from error
    try:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise SetupError(_taken(path)) from None
        except OSError as error:
            raise SetupError(
                f"{path} cannot be locked: {error.strerror}. Keep the database on a local disk."
            ) from error
        os.ftruncate(file, 0)
        os.pwrite(
            file,
            json.dumps({"pid": os.getpid(), "since": now.isoformat(), "address": address}).encode(),
            0,
        )
        yield
    finally:
        os.close(file)


def _taken(path: Path) -> str:
    try:
        holder = json.loads(path.read_text(encoding="utf-8"))
        since = datetime.fromisoformat(holder["since"])
        who = f"process {holder['pid']}, since {since:%d %B %Y %H:%M} UTC, at {holder['address']}"
    except (
        OSError,
        ValueError,
        KeyError,
        TypeError,
    ):  # the other process has not written its details yet
        who = "a process that has just started"
    return (
        f"Another Patchboard already serves {path.with_suffix('')}: {who}. "
        "Stop it first, or set another PATCHBOARD_HOME or PATCHBOARD_DATABASE_URL."
    )
