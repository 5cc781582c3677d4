"""Earlier messages of a line. The page loads them in parts above the conversation when the agent
scrolls up."""

import re
from dataclasses import dataclass
from typing import Any

from sanic import Request
from sanic.response import HTTPResponse
from sqlalchemy import Connection

from handoff_service.errors import BadInput
from handoff_service.operations.desk.sign_in import CurrentAgent
from handoff_service.rules.shared.vocabulary import Role
from handoff_service.store.conversations import conversations, earlier_messages
from handoff_service.store.conversations.earlier_messages import Before
from handoff_service.store.training.items import MarkedTurns, marked_turns
from handoff_service.store.views import Interaction
from handoff_service.web.shared.desk_facts import desk_facts
from handoff_service.web.shared.rendering import render
from handoff_service.web.shared.session import desk_of, page
from handoff_service.web.shared.shown_messages import ShownMessage, shown
from handoff_service.web.shared.thread_query import Thread

_BEFORE = re.compile(r"(\d{1,15})-(\d{1,9})")


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownChapter:
    """The loaded messages of one earlier interaction."""

    interaction: Interaction
    messages: list[ShownMessage]
    to_its_end: bool  #: whether ``messages`` includes the interaction's last message
    marked: MarkedTurns


async def earlier_than(request: Request, thread: Thread) -> Before | None:
    """Return the position of the first shown message if earlier messages exist, else None."""
    first_seq = thread.messages[0].message.seq if thread.messages else 1
    return await desk_of(request).store.read(
        earlier_messages.has_earlier, thread.interaction.id, first_seq
    )


@page(Role.AGENT, Role.SUPERVISOR)
async def earlier_fragment(
    request: Request, interaction_id: int, agent: CurrentAgent
) -> HTTPResponse:
    """Return the messages before the position ``before``, and the position for the next request. A
    position is an interaction's id and a message's seq, such as 12-301."""
    found = _BEFORE.fullmatch(request.args.get("before") or "")
    if found is None:
        raise BadInput(
            errors={"before": "must be an interaction's id and a message's seq, such as 12-301"}
        )
    at = Before(int(found[1]), int(found[2]))
    desk = desk_of(request)
    given = await desk.store.read(_read, interaction_id, at)
    return render("earlier.html", now=desk.clock(), **given)


def _read(conn: Connection, interaction_id: int, at: Before) -> dict[str, Any]:
    facts = desk_facts(conn)
    conversation = conversations.get(conn, interaction_id)
    found = earlier_messages.earlier(conn, interaction_id, at)
    chapters = [
        ShownChapter(
            interaction=one.interaction,
            messages=shown(one.lines, facts.zone),
            to_its_end=one.to_its_end,
            marked=marked_turns(conn, one.interaction.id),
        )
        for one in found.chapters
    ]
    return {
        "zone": facts.zone,
        "conversation": conversation,
        "chapters": chapters,
        "earlier": found.before,
    }
