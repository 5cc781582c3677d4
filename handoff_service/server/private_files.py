"""Makes files private: only the account that runs Patchboard can read its texts, media and keys."""

import os
import stat
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from handoff_service.settings import Settings
from handoff_service.store.engine.database_copy import database_file

_OTHERS = 0o077  # permissions of the group and everybody else


def set_umask() -> None:
    """Make all files that this process and its children create private. Call it before anything is
    created."""
    os.umask(_OTHERS)


def make_private(settings: Settings) -> None:
    """Remove other accounts' permissions from the files in HOME, and from the files of a SQLite
    database elsewhere. Skips a folder that is already private, because a folder becomes private
    only after its content."""
    database = database_file(settings.database_url)
    beside = database.parent.glob(f"{database.name}*") if database is not None else ()
    _make_all_private(settings.home.iterdir())
    _make_all_private(beside)
    _make_all_private([settings.home])


def _make_all_private(paths: Iterable[Path]) -> None:
    for path in list(paths):
        with suppress(OSError):  # another account owns the file, or somebody has deleted it
            _make_one_private(path)


def _make_one_private(path: Path) -> None:
    mode = path.lstat().st_mode
    if stat.S_ISLNK(mode) or mode & stat.S_ISVTX or not mode & _OTHERS:
        return  # skip links, and folders that several accounts share, such as /tmp
    if stat.S_ISDIR(mode):
        _make_all_private(path.iterdir())
    path.chmod(stat.S_IMODE(mode) & ~_OTHERS)
