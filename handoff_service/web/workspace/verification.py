"""Lets an agent verify the requester, or undo the verification."""

from typing import Any

from sanic import Request
from sanic.response import HTTPResponse

from handoff_service.operations.desk.sign_in import CurrentAgent
from handoff_service.operations.identity.verify_by_hand import verify_by_hand
from handoff_service.operations.identity.verify_requester import Undo, Verify, undo_verification
from handoff_service.store.desk.users import find_active_users
from handoff_service.web.shared.rendering import back_to_conversation, form_field, render
from handoff_service.web.shared.request_bytes import A_USER_OR_NONE, id_field
from handoff_service.web.shared.session import LIVE, desk_of, page


@page(*LIVE)
async def verify(request: Request, interaction_id: int, agent: CurrentAgent) -> HTTPResponse:
    user = form_field(request, "user_id").strip()
    user_id = id_field(user, "user_id", A_USER_OR_NONE) if user else None
    command = Verify(interaction_id=interaction_id, agent_id=agent.id, user_id=user_id)
    await desk_of(request).store.write(verify_by_hand, command, near=interaction_id)
    return back_to_conversation(request, interaction_id)


@page(*LIVE)
async def undo(request: Request, interaction_id: int, agent: CurrentAgent) -> HTTPResponse:
    command = Undo(interaction_id=interaction_id, agent_id=agent.id)
    await desk_of(request).store.write(undo_verification, command, near=interaction_id)
    return back_to_conversation(request, interaction_id)


@page(*LIVE)
async def found_users(request: Request, interaction_id: int, agent: CurrentAgent) -> HTTPResponse:
    """Find the users among whom an agent chooses the requester. ``q``: a name, an employee number,
    or the beginning or end of a phone number.
    """
    q = (request.args.get("q") or "").strip()[:100]
    found = await desk_of(request).store.read(find_active_users, q, 8)
    return render("found_users.html", users=found, q=q, interaction_id=interaction_id)


ONE = "/conversations/<interaction_id:int>"
PAGES: dict[str, Any] = {f"{ONE}/users": found_users}
POST_HANDLERS: dict[str, Any] = {f"{ONE}/verify": verify, f"{ONE}/verify/undo": undo}
