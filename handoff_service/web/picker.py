"""Templates in the composer: those that fit what an agent types, filled for the conversation that is open."""

from typing import Any

from sanic import Request
from sanic.response import HTTPResponse
from sqlalchemy import Connection

from handoff_service.operations.sign_in import Agent
from handoff_service.rules.placeholders import Who
from handoff_service.rules.templates import filled
from handoff_service.rules.vocabulary import Role
from handoff_service.store import conversations, templates
from handoff_service.store.views import Template
from handoff_service.web.pages import render
from handoff_service.web.session import desk_of, page

MOST = 50  # more are found by typing


@page(Role.AGENT, Role.SUPERVISOR)
async def found_templates(request: Request, interaction_id: int, agent: Agent) -> HTTPResponse:
    """Templates by a part of their name or text. ``q`` empty: the first of all."""
    q = (request.args.get("q") or "").strip()[:100]

    def read(conn: Connection) -> list[Template]:
        interaction = conversations.one(conn, interaction_id)
        requester = interaction.user.name if interaction.user else None
        who = Who(requester=requester, agent=agent.name, number=interaction.number)
        found = templates.some(conn, q, limit=MOST)
        return [Template(id=one.id, name=one.name, body=filled(one.body, who)) for one in found]

    return render("found_templates.html", templates=await desk_of(request).store.read(read), q=q)


PAGES: dict[str, Any] = {"/conversations/<interaction_id:int>/templates": found_templates}
