"""The media folder: files under HOME, named by the hash of their content. Several processes can
share it. It is the simple implementation of the port ``MediaStore``; the other one is an S3 store.

Each file is written under a temporary name, synced and renamed, so a file with its final name is
always complete.
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

from handoff_service.errors import MediaAway

_NAME = re.compile(r"[0-9a-f]{64}")
JUST_NOW = timedelta(hours=1)  # the database may not yet have the row that names such a new file


@dataclass(frozen=True, slots=True)
class MediaFolder:
    """A folder, created with its first file. Its methods block."""

    path: Path

    @property
    def leaves(self) -> str:
        return ""

    @property
    def where(self) -> str:
        return str(self.path)

    def keep(self, content: bytes, now: datetime) -> str:
        """Store the content. Returns its name; the same content always has the same name."""
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
        """The content. None when the file is missing."""
        try:
            return self._file(name).read_bytes()
        except FileNotFoundError:
            return None

    def names(self) -> Iterator[str]:
        """The names of all complete files in the folder."""
        for path in sorted(self.path.glob("??/*")):
            if is_name(path.name) and path.is_file():
                yield path.name

    def add(self, name: str, content: IO[bytes]) -> bool:
        """Store a stream under its hash, which the caller has checked. Returns False if the file
        already existed."""
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
        """Delete a file, even if a row names it."""
        self._file(name).unlink(missing_ok=True)

    def forget(self, name: str, now: datetime) -> None:
        """Delete a file that no row names, unless somebody has just stored the same content
        again."""
        there = self._file(name)
        if there.exists() and now.timestamp() - there.stat().st_mtime >= JUST_NOW.total_seconds():
            there.unlink(missing_ok=True)

    def check(self) -> None:
        """Write and delete a small test file. Raises MediaAway if that fails. A folder that does
        not exist yet is no error, because the first file creates it."""
        if not self.path.exists():
            return
        try:
            with tempfile.NamedTemporaryFile(dir=self.path, prefix="part-") as probe:
                probe.write(b"probe")
        except OSError as error:
            raise MediaAway(
                f"The media folder {self.path} cannot be written ({error.strerror}). Give it to "
                "the account that runs Patchboard, and check the free space."
            ) from error

    def _file(self, name: str) -> Path:
        return self.path / relative_path(name)


def is_name(name: str) -> bool:
    """Whether this is a valid file name of the folder."""
    return _NAME.fullmatch(name) is not None


def relative_path(name: str) -> str:
    """The path of a file below the folder, or its key below the prefix of a bucket."""
    if not is_name(name):
        raise ValueError("not a name of this folder")
    return f"{name[:2]}/{name}"


def _sync(folder: Path) -> None:
    """Sync the folder, so that the renaming survives a crash."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
