"""Users: the people whom the desk knows."""

from typing import Any

from sanic import Request
from sanic.response import HTTPResponse

from handoff_service.operations.sign_in import Agent
from handoff_service.rules.vocabulary import Role
from handoff_service.store import users
from handoff_service.web.admin.pages import PAGE, admin_page, after
from handoff_service.web.session import desk_of, page

HERE = "/users"


@page(Role.ADMIN)
async def list_page(request: Request, agent: Agent) -> HTTPResponse:
    q, behind = (request.args.get("q") or "").strip()[:100], after(request)
    found = await desk_of(request).store.read(users.by_name, q, after=behind, limit=PAGE + 1)
    more = {"q": q, "after": found[PAGE - 1].id} if len(found) > PAGE else None
    return await admin_page(
        request, agent, "users.html", here=HERE, rows=found[:PAGE], q=q, first=not behind, next=more, new=None
    )


PAGES: dict[str, Any] = {
    HERE: list_page,
}
ACTS: dict[str, Any] = {}
