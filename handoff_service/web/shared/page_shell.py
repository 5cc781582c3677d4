"""The frame around every page of the workspace: the rail with its counts, the desk and the time."""

from typing import Any

from sanic import Request

from handoff_service.operations.desk.sign_in import CurrentAgent
from handoff_service.rules.shared.vocabulary import Role
from handoff_service.web.shared import page_queries
from handoff_service.web.shared.session import csrf_token, desk_of


async def shell_context(request: Request, agent: CurrentAgent, *, place: str) -> dict[str, Any]:
    """Return the variables of ``shell.html``. ``place`` is the part of the rail that the page
    belongs to."""
    desk = desk_of(request)
    around = await desk.store.read(page_queries.shell_data, agent.id)
    return {
        "desk": around.desk,
        "zone": around.desk.zone,
        "now": desk.clock(),
        "csrf": csrf_token(request),
        "demo_phone": desk.settings.has_simulator
        and (desk.settings.demo or Role.ADMIN in agent.roles),
        "counts": around,
        "me": around.me,
        "presences": around.presences,
        "takes_work": around.takes_work,
        "watches_desk": False,
        "place": place,
        "lists": None,
        "others": False,
        "opened": None,
        "thread": None,
    }
