"""The page of restored sends: texts and calls that were waiting to be sent when the restored backup
was made. An admin releases or cancels them."""

from typing import Any

from sanic import Request
from sanic.response import HTTPResponse

from handoff_service.operations.delivery.restored_sends import DecideHeld, decide_held
from handoff_service.operations.desk.sign_in import CurrentAgent
from handoff_service.rules.shared.vocabulary import Role
from handoff_service.store.delivery import restore_holds
from handoff_service.web.admin.pages import admin_page, done
from handoff_service.web.shared.session import desk_of, page

HERE = "/restored"


@page(Role.ADMIN)
async def restored_page(request: Request, agent: CurrentAgent) -> HTTPResponse:
    held = await desk_of(request).store.read(restore_holds.held_work)
    return await admin_page(request, agent, "restored.html", here=HERE, held=held)


@page(Role.ADMIN)
async def release(request: Request, agent: CurrentAgent) -> HTTPResponse:
    await desk_of(request).store.write(decide_held, DecideHeld(send=True, agent_id=agent.id))
    return done(request, HERE, "released")


@page(Role.ADMIN)
async def cancel(request: Request, agent: CurrentAgent) -> HTTPResponse:
    await desk_of(request).store.write(decide_held, DecideHeld(send=False, agent_id=agent.id))
    return done(request, HERE, "canceled")


PAGES: dict[str, Any] = {HERE: restored_page}
POST_HANDLERS: dict[str, Any] = {f"{HERE}/release": release, f"{HERE}/cancel": cancel}
