"""Nobody but the account that runs Patchboard can read what it stores: people's texts, media and keys."""

import os
import stat
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from handoff_service.settings import Settings
from handoff_service.store.engine.database_copy import database_file

_OTHERS = 0o077  # what the group and everybody else may do


def set_umask() -> None:
    """Whatever this process and its children create from now on is private. Called before anything is created."""
    os.umask(_OTHERS)


def make_private(settings: Settings) -> None:
    """Take the rights of others from what is in HOME, and from a SQLite file elsewhere.

    A folder that is private already is not looked into: what is in it was made private before it.
    """
    database = database_file(settings.database_url)
    beside = database.parent.glob(f"{database.name}*") if database is not None else ()
    _all(settings.home.iterdir())
    _all(beside)
    _all([settings.home])


def _all(paths: Iterable[Path]) -> None:
    for path in list(paths):
        with suppress(OSError):  # another account's, or gone meanwhile
            _one(path)


def _one(path: Path) -> None:
    mode = path.lstat().st_mode
    if stat.S_ISLNK(mode) or mode & stat.S_ISVTX or not mode & _OTHERS:
        return  # a link's target, or a folder that several accounts share such as /tmp, is not ours
    if stat.S_ISDIR(mode):
        _all(path.iterdir())
    path.chmod(stat.S_IMODE(mode) & ~_OTHERS)
