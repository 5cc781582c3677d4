"""The preview of an offer, in which the agent reads the conversation before accepting it. The
preview does not mark messages as read, and the agent does not join the conversation."""

from typing import Any

from sanic import Request
from sanic.response import HTTPResponse
from sqlalchemy import Connection

from handoff_service.errors import Conflict
from handoff_service.operations.desk.sign_in import CurrentAgent
from handoff_service.operations.routing.answer_offer import GONE
from handoff_service.store.conversations import conversations, messages
from handoff_service.store.routing import inbox
from handoff_service.store.training.items import marked_turns
from handoff_service.web.shared.desk_facts import desk_facts
from handoff_service.web.shared.rendering import render
from handoff_service.web.shared.session import LIVE, csrf_token, desk_of, page
from handoff_service.web.shared.shown_messages import shown

MOST_LINES = 100  # the agent has only seconds to decide


@page(*LIVE)
async def offer_preview(request: Request, work_item_id: int, agent: CurrentAgent) -> HTTPResponse:
    """Return the preview's dialog. Raises Conflict unless the agent has this offer."""
    desk = desk_of(request)
    found = await desk.store.read(_read, work_item_id, agent.id)
    return render("offer_preview.html", now=desk.clock(), csrf=csrf_token(request), **found)


def _read(conn: Connection, work_item_id: int, agent_id: int) -> dict[str, Any]:
    mine = {one.id: one for one in inbox.offered(conn, agent_id)}
    if work_item_id not in mine:
        raise Conflict(GONE)
    interaction_id = inbox.work_item(conn, work_item_id).interaction_id
    facts = desk_facts(conn)
    interaction = conversations.get(conn, interaction_id)
    found, more = messages.last(conn, interaction_id, MOST_LINES)
    return {
        "offer": mine[work_item_id],
        "zone": facts.zone,
        "interaction": interaction,
        "messages": shown(found, facts.zone),
        "more": more,
        "marked": marked_turns(conn, interaction_id),
    }


PAGES: dict[str, Any] = {"/offers/<work_item_id:int>": offer_preview}
