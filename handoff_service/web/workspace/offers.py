"""Lets an agent accept or reject an offer."""

from typing import Any

from sanic import Request
from sanic.response import HTTPResponse

from handoff_service.errors import BadInput
from handoff_service.operations.desk.sign_in import CurrentAgent
from handoff_service.operations.routing.answer_offer import Accept, Reject, accept_work, reject_work
from handoff_service.rules.shared.phrases import phrase
from handoff_service.web.shared.rendering import done_or_redirect, form_field
from handoff_service.web.shared.session import LIVE, desk_of, page


@page(*LIVE)
async def accept(request: Request, work_item_id: int, agent: CurrentAgent) -> HTTPResponse:
    command = Accept(work_item_id=work_item_id, agent_id=agent.id)
    interaction_id = await desk_of(request).store.write(accept_work, command, near=work_item_id)
    return done_or_redirect(request, f"/workspace/conversations/{interaction_id}")


@page(*LIVE)
async def reject(request: Request, work_item_id: int, agent: CurrentAgent) -> HTTPResponse:
    reason = (form_field(request, "words").strip() or form_field(request, "reason").strip())[:200]
    if not reason:
        raise BadInput(phrase("Write a reason for the next agent and the supervisor."))
    command = Reject(work_item_id=work_item_id, agent_id=agent.id, reason=reason)
    await desk_of(request).store.write(reject_work, command, near=work_item_id)
    return done_or_redirect(request)


POST_HANDLERS: dict[str, Any] = {
    "/offers/<work_item_id:int>/accept": accept,
    "/offers/<work_item_id:int>/reject": reject,
}
