"""The list of messaging actions. It shows an escalation ladder for each event, in the admin's
order."""

from typing import Any

from sanic import Request
from sanic.response import HTTPResponse

from handoff_service.operations.desk.sign_in import CurrentAgent
from handoff_service.operations.messaging_actions.messaging_actions import (
    ChangeMessagingAction,
    Move,
    change_messaging_action,
    move_messaging_action,
)
from handoff_service.rules.messaging_actions.action_sentence import time_words
from handoff_service.rules.messaging_actions.action_words import effect
from handoff_service.rules.shared.phrases import phrase
from handoff_service.rules.shared.vocabulary import Role, Unanswered
from handoff_service.store.messaging_actions import messaging_actions
from handoff_service.web.admin.pages import UNDER, admin_page, done
from handoff_service.web.shared.page_shell import shell_context
from handoff_service.web.shared.rendering import form_field, render
from handoff_service.web.shared.session import desk_of, page

HERE = "/messaging-actions"
ONE = f"{HERE}/<action_id:int>"
EVENTS = {
    Unanswered.REQUESTER_MESSAGE: (
        phrase("Requester message without agent response"),
        phrase("Starts at the first unanswered text"),
    ),
    Unanswered.AGENT_MESSAGE: (
        phrase("Agent message without requester response"),
        phrase("Starts at the agent's first unanswered text"),
    ),
}


@page(Role.ADMIN)
async def list_page(request: Request, agent: CurrentAgent) -> HTTPResponse:
    return await admin_page(
        request, agent, "messaging_actions.html", here=HERE, **await _listed(request)
    )


@page(Role.ADMIN)
async def switch(request: Request, agent: CurrentAgent, action_id: int) -> HTTPResponse:
    """Activate or deactivate an action."""
    change = ChangeMessagingAction(
        id=action_id, values={"active": form_field(request, "active") == "1"}
    )
    await desk_of(request).store.write(change_messaging_action, change)
    return await _list_again(request, agent)


@page(Role.ADMIN)
async def move(request: Request, agent: CurrentAgent, action_id: int) -> HTTPResponse:
    """Move an action up or down by one place among the actions of its event."""
    way = Move(id=action_id, up=form_field(request, "way") == "up")
    await desk_of(request).store.write(move_messaging_action, way)
    return await _list_again(request, agent)


async def _list_again(request: Request, agent: CurrentAgent) -> HTTPResponse:
    if "hx-request" not in request.headers:
        return done(request, HERE)
    shell = await shell_context(request, agent, place="admin")
    return render(
        "admin/action_ladders.html", under=UNDER, here=HERE, **shell, **await _listed(request)
    )


async def _listed(request: Request) -> dict[str, Any]:
    stored = (await desk_of(request).store.read(messaging_actions.list_)).values()
    ladders = {event: [one for one in stored if one.action.event is event] for event in EVENTS}
    return {"ladders": ladders, "events": EVENTS, "effect": effect, "time_words": time_words}


PAGES: dict[str, Any] = {HERE: list_page}
POST_HANDLERS: dict[str, Any] = {f"{ONE}/active": switch, f"{ONE}/move": move}
