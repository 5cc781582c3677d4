"""The brief above a conversation. It takes time to compute, so the page's script requests it only
when the agent opens it, has accepted the conversation, or returns to it after an hour."""

from typing import Any

from sanic import Request
from sanic.response import HTTPResponse

from handoff_service.operations.desk.sign_in import CurrentAgent
from handoff_service.store.conversations import brief
from handoff_service.web.shared.desk_facts import desk_facts
from handoff_service.web.shared.rendering import render
from handoff_service.web.shared.session import LIVE, desk_of, page


@page(*LIVE)
async def brief_fragment(
    request: Request, interaction_id: int, agent: CurrentAgent
) -> HTTPResponse:
    """Return the brief of a conversation."""
    desk = desk_of(request)
    facts = await desk.store.read(desk_facts)
    found = await desk.store.read(brief.of_conversation, interaction_id, agent.id)
    return render("brief.html", brief=found, zone=facts.zone, now=desk.clock())


PAGES: dict[str, Any] = {"/conversations/<interaction_id:int>/brief": brief_fragment}
