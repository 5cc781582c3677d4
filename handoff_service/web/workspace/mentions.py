"""The notes that mention the signed-in agent, and the colleagues whom a note can mention."""

from typing import Any

from sanic import Request
from sanic.response import HTTPResponse

from handoff_service.operations.desk.sign_in import CurrentAgent
from handoff_service.rules.conversations.mentions import agents_starting_with
from handoff_service.store.conversations import mentions
from handoff_service.web.shared.page_shell import shell_context
from handoff_service.web.shared.rendering import render
from handoff_service.web.shared.session import LIVE, desk_of, page

MOST_NAMES = 5  # listed at once without scrolling; the agent finds the others by typing
LONGEST = 100  # characters of a name


@page(*LIVE)
async def mentions_page(request: Request, agent: CurrentAgent) -> HTTPResponse:
    """Return the page with the newest notes that mention the agent."""
    found = await desk_of(request).store.read(mentions.of_agent, agent.id)
    shell = await shell_context(request, agent, place="mentions")
    return render("mentions_page.html", **shell, mentions=found)


@page(*LIVE)
async def colleagues(request: Request, agent: CurrentAgent) -> HTTPResponse:
    """Find colleagues with a name in which a word begins with ``q``, the letters after an @ in a
    note."""
    agents = await desk_of(request).store.read(mentions.agents_to_name)
    agents.pop(agent.id, None)
    ids = agents_starting_with((request.args.get("q") or "")[:LONGEST], agents)[:MOST_NAMES]
    return render("found_colleagues.html", colleagues=[(id, agents[id]) for id in ids])


PAGES: dict[str, Any] = {"/mentions": mentions_page, "/colleagues": colleagues}
