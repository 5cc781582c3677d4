"""Puts a conversation on hold, with a reason for other agents and an optional end (a snooze). Also
takes it off hold."""

from typing import Any
from zoneinfo import ZoneInfo

from sanic import Request
from sanic.response import HTTPResponse

from handoff_service.errors import BadInput
from handoff_service.operations.conversations.change_interaction import (
    ChangeInteraction,
    change_interaction,
)
from handoff_service.operations.desk.sign_in import CurrentAgent
from handoff_service.rules.shared.phrases import phrase
from handoff_service.rules.shared.vocabulary import State
from handoff_service.store.desk.desk import desk_time_zone
from handoff_service.web.shared.rendering import back_to_conversation, form_field
from handoff_service.web.shared.session import LIVE, desk_of, page
from handoff_service.web.workspace import time_choices


@page(*LIVE)
async def hold(request: Request, interaction_id: int, agent: CurrentAgent) -> HTTPResponse:
    reason = (form_field(request, "words").strip() or form_field(request, "reason").strip())[:200]
    if not reason:
        raise BadInput(phrase("Write a reason. It tells other agents why the conversation waits."))
    choice, own = form_field(request, "until"), time_choices.written(request)
    desk = desk_of(request)
    zone = ZoneInfo(await desk.store.read(desk_time_zone))
    await _change(
        request,
        ChangeInteraction(
            interaction_id=interaction_id,
            agent_id=agent.id,
            state=State.ON_HOLD,
            state_reason=reason,
            hold_until=time_choices.chosen(choice, own, zone, desk.clock()) if choice else None,
        ),
    )
    return back_to_conversation(request, interaction_id)


@page(*LIVE)
async def resume(request: Request, interaction_id: int, agent: CurrentAgent) -> HTTPResponse:
    await _change(
        request,
        ChangeInteraction(
            interaction_id=interaction_id, agent_id=agent.id, state=State.WORK_IN_PROGRESS
        ),
    )
    return back_to_conversation(request, interaction_id)


async def _change(request: Request, command: ChangeInteraction) -> None:
    await desk_of(request).store.write(change_interaction, command, near=command.interaction_id)


ONE = "/conversations/<interaction_id:int>"
POST_HANDLERS: dict[str, Any] = {f"{ONE}/hold": hold, f"{ONE}/resume": resume}
