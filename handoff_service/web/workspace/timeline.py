"""The timeline of a conversation: a scrub bar over its moments, with the state of everything at
each."""

from typing import Any

from sanic import Request
from sanic.response import HTTPResponse

from handoff_service.operations.desk.sign_in import CurrentAgent
from handoff_service.store.messaging_actions import moments
from handoff_service.web.shared import page_queries
from handoff_service.web.shared.rendering import render
from handoff_service.web.shared.session import LIVE, desk_of, page


@page(*LIVE)
async def timeline_fragment(
    request: Request, interaction_id: int, agent: CurrentAgent
) -> HTTPResponse:
    """Return the timeline of the newest part of a conversation."""
    desk = desk_of(request)
    facts = await desk.store.read(page_queries.desk_facts)
    found, more = await desk.store.read(moments.newest, interaction_id)
    return render(
        "timeline.html",
        moments=found,
        more=more,
        interaction_id=interaction_id,
        zone=facts.zone,
        now=desk.clock(),
    )


PAGES: dict[str, Any] = {"/conversations/<interaction_id:int>/timeline": timeline_fragment}
