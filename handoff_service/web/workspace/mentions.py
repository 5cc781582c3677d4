"""The notes that name the signed-in agent."""

from typing import Any

from sanic import Request
from sanic.response import HTTPResponse

from handoff_service.operations.desk.sign_in import CurrentAgent
from handoff_service.store.conversations import mentions
from handoff_service.web.shared.page_shell import shell_context
from handoff_service.web.shared.rendering import render
from handoff_service.web.shared.session import LIVE, desk_of, page


@page(*LIVE)
async def mentions_page(request: Request, agent: CurrentAgent) -> HTTPResponse:
    """Return the newest of them. Each leads to its place in the conversation."""
    found = await desk_of(request).store.read(mentions.of_agent, agent.id)
    around = await shell_context(request, agent, place="mentions")
    return render("mentions_page.html", **around, mentions=found)


PAGES: dict[str, Any] = {"/mentions": mentions_page}
