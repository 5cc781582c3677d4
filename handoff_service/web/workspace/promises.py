"""Promises in a conversation: stores the reminder that the page offers, declines it, or cancels a
promise."""

from typing import Any

from sanic import Request
from sanic.response import HTTPResponse

from handoff_service.operations.conversations.keep_promises import (
    OnePromise,
    StorePromise,
    cancel_promise,
    decline_promise,
    store_promise,
)
from handoff_service.operations.desk.sign_in import CurrentAgent
from handoff_service.web.shared.rendering import back_to_conversation
from handoff_service.web.shared.session import LIVE, desk_of, page


@page(*LIVE)
async def remind_me(
    request: Request, interaction_id: int, message_id: int, agent: CurrentAgent
) -> HTTPResponse:
    command = StorePromise(interaction_id=interaction_id, agent_id=agent.id, message_id=message_id)
    await desk_of(request).store.write(store_promise, command, near=interaction_id)
    return back_to_conversation(request, interaction_id)


@page(*LIVE)
async def no_reminder(
    request: Request, interaction_id: int, message_id: int, agent: CurrentAgent
) -> HTTPResponse:
    command = StorePromise(interaction_id=interaction_id, agent_id=agent.id, message_id=message_id)
    await desk_of(request).store.write(decline_promise, command, near=interaction_id)
    return back_to_conversation(request, interaction_id)


@page(*LIVE)
async def cancel_one(
    request: Request, interaction_id: int, promise_id: int, agent: CurrentAgent
) -> HTTPResponse:
    command = OnePromise(interaction_id=interaction_id, promise_id=promise_id, agent_id=agent.id)
    await desk_of(request).store.write(cancel_promise, command, near=interaction_id)
    return back_to_conversation(request, interaction_id)


ONE = "/conversations/<interaction_id:int>"
POST_HANDLERS: dict[str, Any] = {
    f"{ONE}/messages/<message_id:int>/remind": remind_me,
    f"{ONE}/messages/<message_id:int>/no-reminder": no_reminder,
    f"{ONE}/promises/<promise_id:int>/cancel": cancel_one,
}
