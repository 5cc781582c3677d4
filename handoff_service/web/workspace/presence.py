"""Changes the signed-in agent's presence."""

from typing import Any

from sanic import Request
from sanic.response import HTTPResponse

from handoff_service.operations.desk.sign_in import CurrentAgent
from handoff_service.operations.routing import presence as presences
from handoff_service.operations.routing.presence import SetPresence, set_presence
from handoff_service.web.shared.rendering import done_or_redirect, form_field
from handoff_service.web.shared.session import LIVE, desk_of, page
from handoff_service.web.workspace import practice


@page(*LIVE)
async def presence(request: Request, agent: CurrentAgent) -> HTTPResponse:
    wanted = form_field(request, "presence").strip()
    await desk_of(request).store.write(
        set_presence, SetPresence(agent_id=agent.id, presence=wanted)
    )
    back = practice.HERE if form_field(request, "back") == "practice" else None
    return done_or_redirect(request, back)


@page(*LIVE)
async def at_work(request: Request, agent: CurrentAgent) -> HTTPResponse:
    """Record that the agent is active. Pages call this when an agent with an open offer types,
    clicks or scrolls. The handler itself does nothing, because ``session.signed_in`` records the
    activity."""
    return done_or_redirect(request)


@page()
async def dismiss_notice(request: Request, agent: CurrentAgent) -> HTTPResponse:
    """Dismiss the notice that the desk has set the agent to Away."""
    await desk_of(request).store.write(presences.dismiss_notice, agent.id)
    return done_or_redirect(request)


POST_HANDLERS: dict[str, Any] = {
    "/presence": presence,
    "/presence/active": at_work,
    "/presence/notice": dismiss_notice,
}
