"""The timeline of a conversation: a slider over its moments. The page shows the conversation as it
was right after the selected moment."""

from typing import Any

from sanic import Request
from sanic.response import HTTPResponse

from handoff_service.operations.desk.sign_in import CurrentAgent
from handoff_service.rules.shared.phrases import phrase
from handoff_service.store.messaging_actions import moments
from handoff_service.web.shared.desk_facts import desk_facts
from handoff_service.web.shared.rendering import render
from handoff_service.web.shared.request_bytes import id_field
from handoff_service.web.shared.session import LIVE, desk_of, page


@page(*LIVE)
async def timeline_fragment(
    request: Request, interaction_id: int, agent: CurrentAgent
) -> HTTPResponse:
    """Return the timeline of part of a conversation. ``up_to``: the seq of the last line to show;
    by default the newest line."""
    desk = desk_of(request)
    facts = await desk.store.read(desk_facts)
    given = request.args.get("up_to")
    up_to = id_field(given, "up_to", phrase("must be the seq of a line")) if given else None
    found = await desk.store.read(moments.moments_page, interaction_id, up_to)
    return render(
        "timeline.html",
        moments=found.moments,
        page=found,
        interaction_id=interaction_id,
        zone=facts.zone,
        now=desk.clock(),
    )


PAGES: dict[str, Any] = {"/conversations/<interaction_id:int>/timeline": timeline_fragment}
