"""The list pane: the page without an open conversation, and the fragments that update the list."""

from collections.abc import Sequence
from typing import Any

from sanic import Request
from sanic.response import HTTPResponse, redirect

from handoff_service.operations.desk.sign_in import CurrentAgent
from handoff_service.web.shared import list_query
from handoff_service.web.shared.page_shell import shell_context, shell_variables
from handoff_service.web.shared.rendering import render
from handoff_service.web.shared.session import ANYONE, LIVE, desk_of, home_of, page


@page(*ANYONE)
async def list_page(request: Request, agent: CurrentAgent) -> HTTPResponse:
    """Return the list without an open conversation. Redirect agents who do not answer requesters to
    their start page."""
    if (home := home_of(agent)) != "/workspace":
        return redirect(home)
    return render("list_page.html", **await list_context(request, agent))


@page(*LIVE)
async def list_fragment(request: Request, agent: CurrentAgent) -> HTTPResponse:
    """Return the parts of the list pane and the counts. ``shown``: ids of the offers on the page.
    ``open``: id of the open conversation."""
    on_page = numbers_in(request, "shown")
    shell = await list_context(
        request, agent, on_page=on_page, opened=next(iter(numbers_in(request, "open")), None)
    )
    return render("lists.html", **shell)


@page(*ANYONE)
async def counts_fragment(request: Request, agent: CurrentAgent) -> HTTPResponse:
    """Return the rail's counts, for pages without a list."""
    return render("counts.html", **await shell_context(request, agent, place=""))


async def list_context(
    request: Request, agent: CurrentAgent, *, on_page: Sequence[int] = (), opened: int | None = None
) -> dict[str, Any]:
    """Return the template variables of the page shell and the list. ``on_page``: ids of the offers
    on the page. ``opened``: id of the open conversation."""
    others, whole = (request.args.get(name) == "1" for name in ("others", "all"))
    lists = await desk_of(request).store.read(
        list_query.lists, agent.id, others=others, whole=whole, on_page=on_page
    )
    place = "ongoing" if opened else "inbox"
    shell = shell_variables(request, agent, lists.shell, place=place)
    return shell | {"lists": lists, "others": others, "whole": whole, "opened": opened}


def numbers_in(request: Request, name: str) -> list[int]:
    """Return the numbers of a query parameter, ``?name=1&name=2`` or ``?name=1,2``. Ignore other
    values."""
    parts = ",".join(request.args.getlist(name) or []).split(",")
    return [int(part) for part in parts if part.isdecimal() and len(part) < 16]


PAGES: dict[str, Any] = {"/": list_page, "/lists": list_fragment, "/counts": counts_fragment}
