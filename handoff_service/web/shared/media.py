"""Serves pictures and files to agents in the workspace, and to anyone with an unexpired signed
link. Also stores pictures from the composer."""

import asyncio
from collections.abc import Sequence
from typing import Any

from sanic import Blueprint, Request
from sanic.response import HTTPResponse, json, raw

from handoff_service.context import AppContext
from handoff_service.errors import NotAllowed, NotFound
from handoff_service.operations.desk.sign_in import CurrentAgent
from handoff_service.rules.conversations import media_links
from handoff_service.rules.conversations.media import file_name, is_shown
from handoff_service.rules.shared.phrases import phrase
from handoff_service.store.conversations import media
from handoff_service.store.conversations.media import KeptMedium
from handoff_service.web.shared.session import LIVE, desk_of, page
from handoff_service.web.shared.uploads import take_picture, upload

# Browsers must never run a file's content or guess another type for it.
LOCKED = {
    "Content-Security-Policy": "default-src 'none'; sandbox",
    "X-Content-Type-Options": "nosniff",
}
AN_HOUR = "private, max-age=3600"  # a file never changes under its id


class Expired(NotAllowed):
    """This link was not made here, or it has expired."""


def blueprint() -> Blueprint:
    """Return the routes: ``/media`` for signed links and ``/workspace/media`` for agents."""
    made = Blueprint("media")
    # some providers send a HEAD request first
    made.add_route(by_link, "/media/<media_id:int>", methods=["GET", "HEAD"])
    inside: Sequence[tuple[Any, str, str, bool]] = (
        (one, "/workspace/media/<media_id:int>", "GET", False),
        (add, "/workspace/media", "POST", True),
    )
    for handler, path, method, stream in inside:
        made.add_route(handler, path, methods=[method], stream=stream, name=handler.__name__)
    return made


async def by_link(request: Request, media_id: int) -> HTTPResponse:
    """Serve a picture to the provider, which fetches it to send it with a text. Only pictures of
    texts have a signed link."""
    desk = desk_of(request)
    expires, signature = request.args.get("expires", ""), request.args.get("signature", "")
    now = desk.clock()
    if not any(
        media_links.is_valid(key, media_id, expires, signature, now)
        for key in desk.settings.secret_keys
    ):
        raise Expired
    return await served(desk, await desk.store.read(media.kept, media_id, agent_id=None))


@page(*LIVE)
async def one(request: Request, media_id: int, agent: CurrentAgent) -> HTTPResponse:
    desk = desk_of(request)
    return await served(desk, await desk.store.read(media.kept, media_id, agent_id=agent.id))


@page(*LIVE)
async def add(request: Request, agent: CurrentAgent) -> HTTPResponse:
    """Store a picture from the composer and return its id, which the text to send then refers
    to."""
    await take_picture(request)
    return json({"id": await upload(request, agent.id)}, status=201)


async def served(desk: AppContext, kept: KeptMedium) -> HTTPResponse:
    """Return the bytes. Pictures are shown in the browser; other files are downloaded."""
    content = await asyncio.to_thread(desk.media.read, kept.file)
    if content is None:
        raise NotFound(phrase("The file is not in the media store of this service."))
    way = "inline" if is_shown(kept.content_type) else "attachment"
    name = file_name(kept.id, kept.content_type)
    return raw(
        content,
        content_type=kept.content_type,
        headers=LOCKED
        | {"Cache-Control": AN_HOUR, "Content-Disposition": f'{way}; filename="{name}"'},
    )
