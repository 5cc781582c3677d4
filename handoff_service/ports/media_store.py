"""The port to the store of pictures and files."""

from collections.abc import Iterator
from datetime import datetime
from typing import IO, Protocol


class MediaStore(Protocol):
    """Pictures and files, named by the hash of their content. All processes share the store. Its
    methods block, and raise MediaAway when the store is unavailable."""

    @property
    def leaves(self) -> str:
        """A sentence for an erasure's receipt about data that remains after a file is deleted.
        Empty: no data remains.
        """

    @property
    def where(self) -> str:
        """The place of the files, for messages to people: a folder or ``s3://bucket/prefix``."""

    def keep(self, content: bytes, now: datetime) -> str:
        """Store the content. Returns its name; the same content always has the same name."""

    def add(self, name: str, content: IO[bytes]) -> bool:
        """Store a stream under its hash, which the caller has checked. False when the file
        existed."""

    def read(self, name: str) -> bytes | None:
        """The content. None when the file is missing."""

    def names(self) -> Iterator[str]:
        """The names of all complete files."""

    def remove(self, name: str) -> None:
        """Delete a file, even if something refers to it."""

    def forget(self, name: str, now: datetime) -> None:
        """Delete an unreferenced file, unless somebody has just stored the same content again."""

    def check(self) -> None:
        """Store and delete a test file. Raises MediaAway with the problem and its fix."""
