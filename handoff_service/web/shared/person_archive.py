"""Sends the archive of a person's data. A person may have many pictures. Therefore this module
writes the archive to a temporary file and sends the file in pieces. The file has no name, so the
operating system deletes it even after a crash."""

import asyncio
import tempfile

from sanic import Request

from handoff_service import log
from handoff_service.operations.privacy.hand_out import collect, write_archive
from handoff_service.operations.privacy.request_erasure import RequestedPerson
from handoff_service.operations.shared.audit import audit, exported
from handoff_service.rules.desk.audit import Subject
from handoff_service.web.shared.session import desk_of

ZIP, NAME = "application/zip", "personal-data.zip"
PIECE = 256 * 1024  # bytes


async def send_archive(request: Request, whom: RequestedPerson, by: int) -> None:
    """Send everything that the desk stores about a person as a ZIP file. Raises NotFound when it
    stores nothing."""
    desk = desk_of(request)
    archive = await desk.store.for_long_requests().read(collect, whom)
    await desk.store.write(audit, exported(Subject.PERSONAL_DATA, NAME))
    with tempfile.TemporaryFile() as file:
        await asyncio.to_thread(write_archive, archive, desk.media, file)
        size = file.tell()
        file.seek(0)
        log.info("person_handed_out", by=by, bytes=size)
        headers = {
            "Content-Disposition": f'attachment; filename="{NAME}"',
            "Content-Length": str(size),
            "Cache-Control": "no-store",
        }
        response = await request.respond(content_type=ZIP, headers=headers)
        while piece := await asyncio.to_thread(file.read, PIECE):
            await response.send(piece)
        await response.eof()
