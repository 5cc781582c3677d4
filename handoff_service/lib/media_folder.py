"""Where the bytes of media are: files under HOME, named by the hash of what they hold. Several processes share it.

Written to a temporary name, synced, then renamed: a name stands for a whole file or for none.
"""

import hashlib
import os
import re
import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import IO

_NAME = re.compile(r"[0-9a-f]{64}")
JUST_NOW = timedelta(hours=1)  # a file that was stored so lately may be about to be referred to


@dataclass(frozen=True, slots=True)
class MediaFolder:
    """A folder, made when the first file comes. Its methods block."""

    path: Path

    def keep(self, content: bytes, now: datetime) -> str:
        """Store the content. Returns its name; the same content again is the same file."""
        name = hashlib.sha256(content).hexdigest()
        there = self._file(name)
        if not there.exists():
            there.parent.mkdir(parents=True, exist_ok=True)
            handle, temporary = tempfile.mkstemp(dir=there.parent, prefix="part-")
            with os.fdopen(handle, "wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            Path(temporary).replace(there)
            _sync(there.parent)
        os.utime(there, (now.timestamp(), now.timestamp()))
        return name

    def read(self, name: str) -> bytes | None:
        """The content, or None when the file is not here."""
        try:
            return self._file(name).read_bytes()
        except FileNotFoundError:
            return None

    def files(self) -> Iterator[Path]:
        """Every whole file of the folder."""
        for path in sorted(self.path.glob("??/*")):
            if is_name(path.name) and path.is_file():
                yield path

    def add(self, name: str, content: IO[bytes]) -> bool:
        """Store what is read, under its hash, which the caller has checked. False when it was there already."""
        there = self._file(name)
        if there.exists():
            return False
        there.parent.mkdir(parents=True, exist_ok=True)
        handle, temporary = tempfile.mkstemp(dir=there.parent, prefix="part-")
        try:
            with os.fdopen(handle, "wb") as file:
                shutil.copyfileobj(content, file)
                file.flush()
                os.fsync(file.fileno())
            Path(temporary).replace(there)
        finally:
            Path(temporary).unlink(missing_ok=True)
        _sync(there.parent)
        return True

    def remove(self, name: str) -> None:
        """Delete a file, whoever refers to it."""
        self._file(name).unlink(missing_ok=True)

    def forget(self, name: str, now: datetime) -> None:
        """Delete a file that nothing refers to any more, unless somebody has just stored the same again."""
        there = self._file(name)
        if there.exists() and now.timestamp() - there.stat().st_mtime >= JUST_NOW.total_seconds():
            there.unlink(missing_ok=True)

    def _file(self, name: str) -> Path:
        if not is_name(name):
            raise ValueError("not a name of this folder")
        return self.path / name[:2] / name


def is_name(name: str) -> bool:
    """Whether this could be the name of a file here."""
    return _NAME.fullmatch(name) is not None


def _sync(folder: Path) -> None:
    """Make the new name itself durable."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
