"""API calls that list, move and cancel the running timers of an interaction."""

from typing import Any

from pydantic import AwareDatetime
from sqlalchemy import Connection

from handoff_service.errors import NotFound
from handoff_service.operations.messaging_actions.change_timer import (
    Cancel,
    Postpone,
    cancel_timer,
    postpone_timer,
)
from handoff_service.store.conversations import conversations
from handoff_service.store.messaging_actions import messaging_actions
from handoff_service.store.views import RunningTimer
from handoff_service.web.api.bodies import Body, Page
from handoff_service.web.api.calls import ApiRequest, delete, get, patch


class PostponeBody(Body):
    """``due_at``: the new time, in the future."""

    due_at: AwareDatetime


@get("/interactions/{id}/timers", summary="Running timers of messaging actions, next due first")
async def list_timers(asked: ApiRequest[Any, Any]) -> Page[RunningTimer]:
    def read(conn: Connection) -> list[RunningTimer]:
        conversations.get(conn, asked.id)
        return messaging_actions.running(conn, asked.id)

    return Page(items=await asked.desk.store.read(read), next=None)


@patch(
    "/interactions/{id}/timers/{timer_id}",
    summary="Move a timer to due_at, which may be later or earlier",
)
async def postpone(asked: ApiRequest[PostponeBody, Any]) -> RunningTimer:
    command = Postpone(
        interaction_id=asked.id,
        timer_id=asked.below,
        agent_id=asked.agent.id,
        due_at=asked.body.due_at,
    )
    await asked.desk.store.write(postpone_timer, command, near=asked.id)
    found = {
        timer.id: timer
        for timer in await asked.desk.store.read(messaging_actions.running, asked.id)
    }
    if asked.below not in found:
        raise NotFound("The timer was postponed and has already ended.")
    return found[asked.below]


@delete(
    "/interactions/{id}/timers/{timer_id}",
    summary="Cancel a timer; it starts again with the next unanswered message",
)
async def cancel(asked: ApiRequest[None, Any]) -> None:
    command = Cancel(interaction_id=asked.id, timer_id=asked.below, agent_id=asked.agent.id)
    await asked.desk.store.write(cancel_timer, command, near=asked.id)
