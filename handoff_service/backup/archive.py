"""The archive file: a tar, compressed when its name ends in ``gz``.

Members in order: ``tables/NAME.jsonl`` (each table after the tables that it refers to),
``media/NAME``, ``models/NAME``, ``keys/NAME`` (secret_key, secret_key_old, bot_token), and
``manifest.json``. The manifest is the last member, so a truncated archive has none. It has the
SHA-256 of every other member.
"""

import gzip
import hashlib
import io
import json
import os
import re
import tarfile
import tempfile
import zlib
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import IO, Any

from handoff_service.bot_control import model_folder
from handoff_service.errors import SetupError
from handoff_service.lib.media_folder import is_name

FORMAT = 1
MANIFEST = "manifest.json"
KEYS = ("secret_key", "secret_key_old", "bot_token")
_TABLE = re.compile(r"tables/([a-z][a-z0-9_]*)\.jsonl")
_BLOCK = 1024 * 1024


@dataclass(slots=True, kw_only=True)
class Manifest:
    """The manifest of an archive: what the archive contains."""

    format: int = FORMAT
    schema: str
    database: str  #: the kind of database that the archive comes from: sqlite or postgresql
    made_at: str  #: ISO 8601, UTC
    desk: str
    columns: dict[str, list[str]] = field(default_factory=dict)  #: table -> its columns
    rows: dict[str, int] = field(default_factory=dict)  #: table -> number of rows
    media: int = 0  #: number of files
    media_store: str | None = None  #: the store that has the media, if the archive has no media
    models: int = 0  #: number of files
    sha256: dict[str, str] = field(default_factory=dict)  #: member -> its hash


def table_of(member: str) -> str | None:
    """The name of the table in this member; None for another kind of member."""
    found = _TABLE.fullmatch(member)
    return found[1] if found else None


def medium_of(member: str) -> str | None:
    """The name of the media file in this member; None for another kind of member."""
    name = member.removeprefix("media/")
    return name if member.startswith("media/") and is_name(name) else None


def model_file_of(member: str) -> str | None:
    """The name of this member in the folder of models; None for another kind of member."""
    name = member.removeprefix("models/")
    return name if member.startswith("models/") and model_folder.is_name(name) else None


def key_of(member: str) -> str | None:
    """The name of the key in this member; None for another kind of member."""
    name = member.removeprefix("keys/")
    return name if member.startswith("keys/") and name in KEYS else None


class Writer:
    """Adds members to a new archive."""

    def __init__(self, tar: tarfile.TarFile, folder: Path, manifest: Manifest) -> None:
        self._tar, self._folder, self.manifest = tar, folder, manifest

    def add_lines(self, name: str, lines: Iterable[bytes]) -> int:
        """Add lines of unknown total length. They are first written to a temporary file. Returns
        the number of lines."""
        with tempfile.TemporaryFile(dir=self._folder) as whole:
            count = 0
            for line in lines:
                whole.write(line)
                count += 1
            size = whole.tell()
            whole.seek(0)
            self._add(name, whole, size)
        return count

    def add_file(self, name: str, path: Path) -> None:
        with path.open("rb") as content:
            self._add(name, content, path.stat().st_size)

    def add_bytes(self, name: str, content: bytes) -> None:
        self._add(name, io.BytesIO(content), len(content))

    def _add(self, name: str, content: IO[bytes], size: int) -> None:
        member = tarfile.TarInfo(name)
        member.size, member.mode = size, 0o600
        hashing = _Hashing(content)
        self._tar.addfile(member, hashing)
        self.manifest.sha256[name] = hashing.digest.hexdigest()


class _Hashing(io.RawIOBase):
    """Hashes all bytes that are read through it."""

    def __init__(self, content: IO[bytes]) -> None:
        self._content, self.digest = content, hashlib.sha256()

    def read(self, size: int = -1) -> bytes:
        block = self._content.read(size)
        self.digest.update(block)
        return block


@contextmanager
def new_archive(path: Path, manifest: Manifest) -> Iterator[Writer]:
    """Write an archive under a temporary name, and rename it when it is complete and on disk."""
    part = path.with_name(f".{path.name}.part")
    try:
        with os.fdopen(os.open(part, os.O_CREAT | os.O_TRUNC | os.O_WRONLY, 0o600), "wb") as raw:
            with _tar(raw, path) as tar:
                writer = Writer(tar, path.parent, manifest)
                yield writer
                writer.add_bytes(MANIFEST, json.dumps(asdict(manifest), indent=1).encode())
            raw.flush()
            os.fsync(raw.fileno())
        part.replace(path)
    except OSError as error:
        raise SetupError(
            f"The backup could not be written to {path}: {error.strerror or error}."
        ) from error
    finally:
        part.unlink(missing_ok=True)


def _tar(raw: IO[bytes], path: Path) -> tarfile.TarFile:
    if path.name.endswith("gz"):
        return tarfile.open(fileobj=raw, mode="w:gz", compresslevel=3)
    return tarfile.open(fileobj=raw, mode="w")


def members(path: Path) -> Iterator[tuple[str, IO[bytes]]]:
    """An archive's members in order. Raises SetupError for an unexpected member."""
    with tarfile.open(path) as tar:
        for member in tar:
            content = tar.extractfile(member) if member.isreg() else None
            if content is None or not _is_expected(member.name):
                raise SetupError(
                    f"{path} is not a Patchboard backup: it contains "
                    f"{member.name[:80]!r}. Use another file."
                )
            yield member.name, content


@contextmanager
def readable(path: Path) -> Iterator[None]:
    """Use this around all code that reads an archive. Raises SetupError when the archive cannot be
    read."""
    try:
        yield
    except (tarfile.TarError, EOFError, zlib.error, gzip.BadGzipFile, FileNotFoundError) as error:
        raise SetupError(
            f"{path} cannot be read as a backup: {error}. Use another backup file."
        ) from error


def _is_expected(name: str) -> bool:
    return name == MANIFEST or any(of(name) for of in (table_of, medium_of, model_file_of, key_of))


def check(path: Path) -> Manifest:
    """Read a whole archive and compare every hash. Raises SetupError when the archive is damaged,
    incomplete or of another format."""
    found: dict[str, str] = {}
    manifest: Manifest | None = None
    with readable(path):
        for name, content in members(path):
            if name == MANIFEST:
                manifest = _manifest(path, content.read())
            elif name in found:
                raise SetupError(
                    f"{path} is damaged: it contains {name} twice. Use another backup file."
                )
            else:
                found[name] = _sha256(content)
    if manifest is None:
        raise SetupError(f"{path} is incomplete: its end is missing. Use another backup file.")
    wrong = sorted(
        name
        for name in found.keys() | manifest.sha256.keys()
        if found.get(name) != manifest.sha256.get(name)
    )
    if wrong:
        raise SetupError(
            f"{path} is damaged: {wrong[0]} has changed since it was written. Use another backup "
            "file."
        )
    return manifest


def _sha256(content: IO[bytes]) -> str:
    digest = hashlib.sha256()
    while block := content.read(_BLOCK):
        digest.update(block)
    return digest.hexdigest()


def _manifest(path: Path, content: bytes) -> Manifest:
    try:
        read: Mapping[str, Any] = json.loads(content)
        if read.get("format") != FORMAT:
            raise SetupError(
                f"{path} has format {read.get('format')}, and this program reads format {FORMAT}. "
                "Restore it with the version of Patchboard that made it."
            )
        return Manifest(**read)
    except (ValueError, TypeError, AttributeError) as error:
        raise SetupError(
            f"{path} is damaged: its manifest cannot be read. Use another backup file."
        ) from error
