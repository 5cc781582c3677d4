"""``patchboard media``: move files between the folder and an S3 store, and find missing ones."""

import hashlib
import io
from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import datetime

from handoff_service.errors import SetupError
from handoff_service.ports.media_store import MediaStore

EVERY = 1000  # files between two reports of progress


@dataclass(slots=True)
class Moved:
    """The result of a move. ``there``: the number of files that the target already had. ``bytes``:
    the size of all copied files."""

    copied: int = 0
    there: int = 0
    bytes: int = 0


def move(
    source: MediaStore, target: MediaStore, *, keep: bool, report: Callable[[str], None]
) -> Moved:
    """Copy every file that the target lacks, verify the file in the target, and then delete the
    original unless ``keep``. An interrupted move can be repeated. Raises SetupError when a file is
    damaged."""
    done = Moved()
    target.check()
    for name in list(source.names()):
        content = source.read(name)
        if content is None:  # the desk has deleted it since then
            continue
        _refuse_damaged(name, content, source.where)
        if target.add(name, io.BytesIO(content)):
            done.copied += 1
            done.bytes += len(content)
        else:
            done.there += 1
        _refuse_damaged(name, target.read(name) or b"", target.where)
        if not keep:
            source.remove(name)
        if (done.copied + done.there) % EVERY == 0:
            report(f"{done.copied + done.there:,} files")
    return done


def _refuse_damaged(name: str, content: bytes, where: str) -> None:
    if hashlib.sha256(content).hexdigest() != name:
        raise SetupError(
            f"The file {name} in {where} is damaged: its content does not have this hash. Restore "
            "it from a backup or delete it, then repeat the command."
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """The result of a comparison: the number of used files, and the names of missing and unused
    ones."""

    used: int
    missing: Collection[str]
    unused: Collection[str]


def compare(used: Collection[str], store: MediaStore) -> Checked:
    """Compare the files that the database uses with those of the store."""
    there = set(store.names())
    return Checked(
        used=len(used), missing=sorted(set(used) - there), unused=sorted(there - set(used))
    )


def delete_unused(unused: Collection[str], store: MediaStore, now: datetime) -> None:
    """Delete files that no row uses. Files of the last hour stay, because the desk may not have
    written their row yet."""
    for name in unused:
        store.forget(name, now)
