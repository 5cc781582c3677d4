"""Lets an agent decide whether a message with an unknown outcome was sent."""

from typing import Any

from sanic import Request
from sanic.response import HTTPResponse

from handoff_service.operations.delivery.resolve_unknown_send import (
    ResolveSend,
    resolve_unknown_send,
)
from handoff_service.operations.desk.sign_in import CurrentAgent
from handoff_service.web.shared.rendering import back_to_conversation, form_field
from handoff_service.web.shared.session import LIVE, desk_of, page


@page(*LIVE)
async def settle(
    request: Request, interaction_id: int, message_id: int, agent: CurrentAgent
) -> HTTPResponse:
    command = ResolveSend(
        interaction_id=interaction_id,
        message_id=message_id,
        agent_id=agent.id,
        went_out=bool(form_field(request, "went_out")),
    )
    await desk_of(request).store.write(resolve_unknown_send, command, near=interaction_id)
    return back_to_conversation(request, interaction_id)


POST_HANDLERS: dict[str, Any] = {
    "/conversations/<interaction_id:int>/messages/<message_id:int>/settle": settle
}
