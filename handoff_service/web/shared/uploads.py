"""Picture uploads: reads the request up to a size limit, inspects the picture and stores it. The
body is the picture itself or a form with a file."""

import asyncio
from typing import Any

from sanic import Request

from handoff_service.context import AppContext
from handoff_service.errors import BadInput, Refusal
from handoff_service.lib.image_info import picture_in
from handoff_service.operations.shared.uploads import StoredUpload, Upload, keep_upload
from handoff_service.rules.conversations.media import (
    MOST_BYTES,
    MOST_FILES,
    SENT,
    RefusedFile,
    in_words,
    sendable,
)
from handoff_service.rules.shared.phrases import phrase
from handoff_service.web.shared.session import desk_of

# the limits of attachments, for the composer
MAY_ATTACH = {"bytes": MOST_BYTES, "files": MOST_FILES, "types": ",".join(sorted(SENT))}
NO_PICTURES = MAY_ATTACH | {"files": 0}
FORM_BYTES = 16 * 1024  # how many bytes a form may add to the size of its picture


class TooLarge(Refusal):
    """The request is too large."""

    status = 413


async def take_body(request: Request, most: int) -> None:
    """Read the body for a handler that is registered with ``stream=True``. Raises TooLarge above
    ``most`` bytes.

    Sanic does not limit the body of such a handler. The app's limit for all other handlers is too
    small for pictures.
    """
    length = request.headers.get("content-length", "")
    if request.stream is None or (length.isdecimal() and int(length) > most):
        raise TooLarge(phrase("A picture can be at most {most}.", most=in_words(MOST_BYTES)))
    request.stream.request_max_size = most
    await request.receive_body()  # type: ignore[no-untyped-call]


async def take_picture(request: Request) -> None:
    """Read the body of a picture upload. Raises TooLarge for a picture above the limit."""
    await take_body(request, MOST_BYTES + FORM_BYTES)


async def upload(request: Request, agent_id: int) -> int:
    """Store the picture in the request, and return the upload's id. The agent can then send it with
    a text. Raises BadInput for a picture that cannot be sent."""
    content = _content(request)
    if not content:
        raise BadInput(phrase("The request is empty. Send the picture as its body."))
    stored = await _stored(desk_of(request), content)
    return await desk_of(request).store.write(keep_upload, Upload(agent_id=agent_id, stored=stored))


def attached(request: Request) -> tuple[int, ...]:
    """Return the upload ids in a form's ``media`` fields. Raises BadInput for an invalid id."""
    fields: Any = request.form
    given = (fields.getlist("media") or []) if fields else []
    if any(not (one.isascii() and one.isdecimal()) or len(one) > 15 for one in given):
        raise BadInput(errors={"media": phrase("must be ids of uploads")})
    return tuple(int(one) for one in given)


def _content(request: Request) -> bytes:
    if not (request.content_type or "").startswith("multipart/form-data"):
        return request.body
    files: Any = request.files
    return next((file.body for given in (files or {}).values() for file in given), b"")


async def _stored(desk: AppContext, content: bytes) -> StoredUpload:
    verdict = sendable(await asyncio.to_thread(picture_in, content), len(content))
    if isinstance(verdict, RefusedFile):
        raise BadInput(verdict.why)
    file = await asyncio.to_thread(desk.media.keep, content, desk.clock())
    return StoredUpload(file=file, size=len(content), taken=verdict)
