"""Lets an agent mark an answer of the virtual agent as misunderstood. Trainers then see the
requester's masked text and the agent who marked the answer."""

from typing import Any

from sanic import Request
from sanic.response import HTTPResponse

from handoff_service.operations.desk.sign_in import CurrentAgent
from handoff_service.operations.virtual_agent.teach_turns import (
    MarkMisunderstood,
    mark_misunderstood,
)
from handoff_service.web.shared.rendering import back_to_conversation, render
from handoff_service.web.shared.session import LIVE, desk_of, page


@page(*LIVE)
async def misunderstood(
    request: Request, interaction_id: int, message_id: int, agent: CurrentAgent
) -> HTTPResponse:
    command = MarkMisunderstood(
        interaction_id=interaction_id, message_id=message_id, agent_id=agent.id
    )
    made = await desk_of(request).store.write(mark_misunderstood, command, near=interaction_id)
    if "hx-request" in request.headers:
        return render("marked.html", kept=made is not None)
    return back_to_conversation(request, interaction_id)


POST_HANDLERS: dict[str, Any] = {
    "/conversations/<interaction_id:int>/messages/<message_id:int>/misunderstood": misunderstood
}
