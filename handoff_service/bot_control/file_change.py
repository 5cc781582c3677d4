"""Replace a file atomically, unless somebody else has changed it, and show the difference."""

import difflib
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True, kw_only=True)
class FileChange:
    """A changed file. ``diff``: a unified diff without the two lines that name the file."""

    file: str
    diff: tuple[str, ...]


def file_change(file: str, before: Sequence[str], after: Sequence[str]) -> FileChange:
    """Compare the lines of a file before and after a change."""
    lines = difflib.unified_diff(before, after, lineterm="")
    return FileChange(file=file, diff=tuple(lines)[2:])


def replace_file(path: Path, before: bytes, after: bytes) -> bool:
    """Replace the file atomically. If its content is not ``before``, change nothing and return
    False."""
    part = path.with_name(f".{path.name}.part")  # training reads only *.yml
    mode = path.stat().st_mode & 0o777 if path.exists() else 0o644
    try:
        with os.fdopen(os.open(part, os.O_CREAT | os.O_TRUNC | os.O_WRONLY, mode), "wb") as out:
            out.write(after)
            out.flush()
            os.fsync(out.fileno())
        if (path.read_bytes() if path.exists() else b"") != before:
            return False
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
    return True
