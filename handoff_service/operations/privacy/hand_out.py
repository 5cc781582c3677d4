"""Build the archive with everything that is stored about a person: a zip file with a page to read,
the same data as JSON, and the media."""

import json
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from sqlalchemy import Connection

from handoff_service.errors import NotFound
from handoff_service.operations.privacy.request_erasure import RequestedPerson
from handoff_service.ports.media_store import MediaStore
from handoff_service.rules.privacy.archive_page import page
from handoff_service.rules.shared.phrases import phrase
from handoff_service.store.desk.desk import desk_name_and_zone
from handoff_service.store.privacy import archive_rows, people

NOTHING = phrase(
    "Nothing is stored about this person, so there is nothing to hand out. Check the number."
)
LOST = "lost.txt"  # the file in the archive that lists missing media files


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonArchive:
    """The content of the archive. ``media``: pairs of the name in the archive and the name in the
    media store."""

    desk: str
    sections: dict[str, Any]
    media: list[tuple[str, str]]


def collect(conn: Connection, whom: RequestedPerson) -> PersonArchive:
    """Read everything that is stored about a person. Raises NotFound when nothing is stored."""
    person = people.find(conn, number=whom.number, user_id=whom.user_id)
    sections = archive_rows.about(conn, person)
    if person.user_id is None and not any(sections[name] for name in sections if name != "person"):
        raise NotFound(NOTHING)
    return PersonArchive(
        desk=desk_name_and_zone(conn)[0],
        sections=sections,
        media=archive_rows.media_of(conn, person),
    )


def write_archive(archive: PersonArchive, media: MediaStore, to: IO[bytes] | Path) -> None:
    """Write the zip file. This blocks, so call it in a thread."""
    lost = []
    with zipfile.ZipFile(to, "w", zipfile.ZIP_DEFLATED) as made:
        made.writestr("index.html", page(archive.desk, archive.sections))
        made.writestr("data.json", json.dumps(archive.sections, ensure_ascii=False, indent=2))
        for name, file in archive.media:
            content = media.read(file)
            if content is None:
                lost.append(name)
            else:
                made.writestr(name, content, compress_type=zipfile.ZIP_STORED)
        if lost:
            made.writestr(LOST, "These files are missing:\n" + "\n".join(lost) + "\n")
