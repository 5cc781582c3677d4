"""Running timers of a conversation. An agent can postpone a timer or cancel it."""

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sanic import Request
from sanic.response import HTTPResponse
from sqlalchemy import Connection

from handoff_service.operations.desk.sign_in import CurrentAgent
from handoff_service.operations.messaging_actions.change_timer import (
    Cancel,
    Postpone,
    cancel_timer,
    postpone_timer,
)
from handoff_service.store.desk.desk import desk_time_zone
from handoff_service.store.messaging_actions import timers
from handoff_service.web.shared.rendering import back_to_conversation, form_field
from handoff_service.web.shared.session import LIVE, desk_of, page
from handoff_service.web.workspace import time_choices
from handoff_service.web.workspace.time_choices import tomorrow

# button -> a function that computes the new due time from the old due time and the current time,
# both in the desk's time zone
LATER: Mapping[str, Callable[[datetime, datetime], datetime]] = {
    "15m": lambda due, _now: due + timedelta(minutes=15),
    "1h": lambda due, _now: due + timedelta(hours=1),
    "tomorrow": lambda _due, now: tomorrow(now),
}


@page(*LIVE)
async def postpone(
    request: Request, interaction_id: int, timer_id: int, agent: CurrentAgent
) -> HTTPResponse:
    desk = desk_of(request)
    choice, at = form_field(request, "later"), time_choices.written(request)

    def until(conn: Connection) -> datetime:
        zone = ZoneInfo(desk_time_zone(conn))
        if choice in LATER:
            timer = timers.one(conn, interaction_id, timer_id)
            return LATER[choice](timer.due_at.astimezone(zone), desk.clock().astimezone(zone))
        return time_choices.own_time(at, zone, desk.clock())

    command = Postpone(
        interaction_id=interaction_id,
        timer_id=timer_id,
        agent_id=agent.id,
        due_at=await desk.store.read(until),
    )
    await desk.store.write(postpone_timer, command, near=interaction_id)
    return back_to_conversation(request, interaction_id)


@page(*LIVE)
async def cancel(
    request: Request, interaction_id: int, timer_id: int, agent: CurrentAgent
) -> HTTPResponse:
    command = Cancel(interaction_id=interaction_id, timer_id=timer_id, agent_id=agent.id)
    await desk_of(request).store.write(cancel_timer, command, near=interaction_id)
    return back_to_conversation(request, interaction_id)


ONE = "/conversations/<interaction_id:int>/timers/<timer_id:int>"
POST_HANDLERS: dict[str, Any] = {f"{ONE}/postpone": postpone, f"{ONE}/cancel": cancel}
