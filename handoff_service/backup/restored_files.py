"""The files that a restore puts into HOME and the media store."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

from handoff_service.backup.archive import medium_of, model_file_of
from handoff_service.bot_control import model_folder
from handoff_service.errors import MediaAway
from handoff_service.ports.media_store import MediaStore


@dataclass(slots=True)
class RestoredFiles:
    """Stores a restore's media and models, and can remove them again."""

    home: Path
    media: MediaStore
    added_media: list[str] = field(default_factory=list)
    added_models: list[str] = field(default_factory=list)

    def add(self, member: str, content: IO[bytes]) -> None:
        """Store the member if it is a media file or a file of a model."""
        if name := medium_of(member):
            if self.media.add(name, content):
                self.added_media.append(name)
        elif (name := model_file_of(member)) and model_folder.add(self.home, name, content.read()):
            self.added_models.append(name)

    def remove(self) -> None:
        """Remove the added files. If the media store is unavailable, the media stay there."""
        with suppress(MediaAway):  # the next restore adds the same files
            for name in self.added_media:
                self.media.remove(name)
        for name in self.added_models:
            (model_folder.folder(self.home) / name).unlink(missing_ok=True)


@contextmanager
def added_files(home: Path, media: MediaStore) -> Iterator[RestoredFiles]:
    """Collect the files that this restore adds. If the restore fails, remove them again."""
    files = RestoredFiles(home, media)
    try:
        yield files
    except BaseException:
        files.remove()
        raise
