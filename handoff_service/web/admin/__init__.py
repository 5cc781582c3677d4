"""Admin: the pages on which an admin sets the desk up. One file a noun; each is in the menu."""

from collections.abc import Mapping
from typing import Any

from sanic import Blueprint, Request
from sanic.response import HTTPResponse, redirect

from handoff_service.operations.sign_in import Agent
from handoff_service.rules.vocabulary import Role
from handoff_service.web.session import page

# heading -> address under /workspace/admin -> what the menu calls it
MENU: Mapping[str, Mapping[str, str]] = {}
PAGES: Mapping[str, Any] = {}  # address under /workspace/admin -> handler of GET
ACTS: Mapping[str, Any] = {}  # address under /workspace/admin -> handler of POST


def blueprint() -> Blueprint:
    """Everything under ``/workspace/admin``."""
    made = Blueprint("admin", url_prefix="/workspace/admin")
    pages: Mapping[str, Any] = {"/": start, **PAGES}
    for path, handler in pages.items():
        made.add_route(handler, path, methods=["GET"], name=f"get{path.replace('/', '_')}")
    for path, handler in ACTS.items():
        made.add_route(handler, path, methods=["POST"], name=f"post{path.replace('/', '_')}")
    return made


@page(Role.ADMIN)
async def start(request: Request, agent: Agent) -> HTTPResponse:
    """The first page of the menu."""
    first = next(path for paths in MENU.values() for path in paths)
    return redirect(f"/workspace/admin{first}")
