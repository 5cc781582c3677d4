"""An API call that downloads a picture or file, and one that uploads a picture to send with a text.

These calls return or accept bytes instead of JSON, so this module adds their routes itself. Their
``Call`` objects only describe them.
"""

from typing import Any

from pydantic import TypeAdapter
from sanic import Blueprint, Request
from sanic.response import HTTPResponse, raw

from handoff_service.rules.desk.service_tokens import Scope
from handoff_service.store.conversations import media
from handoff_service.store.views import Medium
from handoff_service.web.api.calls import LIVE, Call
from handoff_service.web.shared.media import served
from handoff_service.web.shared.repeats import once
from handoff_service.web.shared.session import bearer, desk_of
from handoff_service.web.shared.uploads import take_picture, upload

_MEDIUM = TypeAdapter(Medium)


async def _never(_asked: Any) -> None:
    """Placeholder. ``add_routes`` serves both calls; ``CALLS`` only describes them."""


CALLS = (
    Call(
        method="GET",
        path="/v1/media/<id:int>",
        summary="The bytes of a picture or file",
        handle=_never,
        answer=str,
        roles=LIVE,
        media_type="*/*",
    ),
    Call(
        method="POST",
        path="/v1/media",
        summary="Upload a JPEG, PNG or GIF as the body or as a form's file; send it with a text "
        "within a day",
        handle=_never,
        answer=Medium,
        status=201,
        roles=LIVE,
        takes="image/*",
    ),
)


def add_routes(blueprint: Blueprint) -> None:
    """Add the routes of both calls to the blueprint."""

    @blueprint.get("/v1/media/<id:int>", name="media")
    async def one(request: Request, id: int) -> HTTPResponse:
        agent = await bearer(request, *LIVE, scope=Scope.READ)
        desk = desk_of(request)
        return await served(desk, await desk.store.read(media.kept, id, agent_id=agent.id))

    async def add(request: Request) -> HTTPResponse:
        agent = await bearer(request, *LIVE, scope=Scope.TEXTS)
        await take_picture(request)

        async def carry_out() -> HTTPResponse:
            media_id = await upload(request, agent.id)
            made = await desk_of(request).store.read(media.get, media_id)
            return raw(_MEDIUM.dump_json(made), status=201, content_type="application/json")

        return await once(request, desk_of(request), agent, carry_out)

    blueprint.add_route(add, "/v1/media", methods=["POST"], stream=True, name="add_media")
