"""Scheduled texts of a conversation: schedules a text, keeps or moves it, sends it now, or cancels
it."""

from datetime import datetime
from typing import Any

from sanic import Request
from sanic.response import HTTPResponse
from sqlalchemy import Connection

from handoff_service.operations.conversations.send_later import (
    KeepText,
    OneText,
    ScheduleText,
    cancel_text,
    keep_text,
    schedule_text,
    send_now,
)
from handoff_service.operations.desk.sign_in import CurrentAgent
from handoff_service.store.conversations import conversations, scheduled_texts
from handoff_service.web.shared.rendering import back_to_conversation, form_field, render
from handoff_service.web.shared.session import LIVE, csrf_token, desk_of, page
from handoff_service.web.shared.uploads import attached
from handoff_service.web.workspace import time_choices


@page(*LIVE)
async def later_dialog(request: Request, interaction_id: int, agent: CurrentAgent) -> HTTPResponse:
    """Return the dialog that schedules a text. ``of``: the id of a scheduled text to move."""
    desk = desk_of(request)
    of = request.args.get("of") or ""

    def read(conn: Connection) -> dict[str, Any]:
        interaction = conversations.get(conn, interaction_id)
        text_id = int(of) if of.isdecimal() and len(of) < 16 else None
        text = scheduled_texts.one(conn, interaction_id, text_id) if text_id else None
        now = desk.clock()
        return {
            "text": text,
            "choices": time_choices.CHOICES,
            **time_choices.time_sentence(conn, interaction, "tomorrow", "", now, sends=True),
        }

    shown = await desk.store.read(read)
    return render("later_dialog.html", now=desk.clock(), csrf=csrf_token(request), **shown)


@page(*LIVE)
async def schedule_later(
    request: Request, interaction_id: int, agent: CurrentAgent
) -> HTTPResponse:
    command = ScheduleText(
        interaction_id=interaction_id,
        agent_id=agent.id,
        body=form_field(request, "body"),
        send_at=await _chosen(request, interaction_id),
        media=attached(request),
    )
    await desk_of(request).store.write(schedule_text, command, near=interaction_id)
    return back_to_conversation(request, interaction_id)


@page(*LIVE)
async def keep_scheduled(
    request: Request, interaction_id: int, text_id: int, agent: CurrentAgent
) -> HTTPResponse:
    """Confirm a scheduled text, at its time or at a new time."""
    moves = bool(form_field(request, "until"))
    command = KeepText(
        interaction_id=interaction_id,
        text_id=text_id,
        agent_id=agent.id,
        send_at=await _chosen(request, interaction_id) if moves else None,
    )
    await desk_of(request).store.write(keep_text, command, near=interaction_id)
    return back_to_conversation(request, interaction_id)


@page(*LIVE)
async def send_scheduled(
    request: Request, interaction_id: int, text_id: int, agent: CurrentAgent
) -> HTTPResponse:
    command = OneText(interaction_id=interaction_id, text_id=text_id, agent_id=agent.id)
    await desk_of(request).store.write(send_now, command, near=interaction_id)
    return back_to_conversation(request, interaction_id)


@page(*LIVE)
async def cancel_scheduled(
    request: Request, interaction_id: int, text_id: int, agent: CurrentAgent
) -> HTTPResponse:
    command = OneText(interaction_id=interaction_id, text_id=text_id, agent_id=agent.id)
    await desk_of(request).store.write(cancel_text, command, near=interaction_id)
    return back_to_conversation(request, interaction_id)


async def _chosen(request: Request, interaction_id: int) -> datetime:
    desk = desk_of(request)
    choice, own = form_field(request, "until"), time_choices.written(request)

    def read(conn: Connection) -> datetime:
        number = conversations.get(conn, interaction_id).requester_number
        known = time_choices.clocks(conn, desk.clock(), interaction_id, number)
        zone = time_choices.zone_of(known, choice, sends=True)
        return time_choices.chosen(choice, own, zone, known.now)

    return await desk.store.read(read)


ONE = "/conversations/<interaction_id:int>/scheduled"
PAGES: dict[str, Any] = {"/conversations/<interaction_id:int>/later": later_dialog}
POST_HANDLERS: dict[str, Any] = {
    ONE: schedule_later,
    f"{ONE}/<text_id:int>/keep": keep_scheduled,
    f"{ONE}/<text_id:int>/send": send_scheduled,
    f"{ONE}/<text_id:int>/cancel": cancel_scheduled,
}
