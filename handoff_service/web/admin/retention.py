"""The page about retention: how long content is kept, what a run would remove now, and the last
nightly run."""

from typing import Any

from sanic import Request
from sanic.response import HTTPResponse

from handoff_service.operations.desk.sign_in import CurrentAgent
from handoff_service.operations.privacy.retain import run_now, stop_run
from handoff_service.rules.shared.phrases import phrase
from handoff_service.rules.shared.vocabulary import Role
from handoff_service.store.privacy import retention_status
from handoff_service.store.privacy.retention import RetentionState
from handoff_service.web.admin.pages import admin_page, done
from handoff_service.web.shared.session import desk_of, page

HERE = "/retention"
STATES = {
    RetentionState.RUNNING: phrase("Running"),
    RetentionState.STOPPED: phrase("Stopped"),
    RetentionState.DONE: phrase("Done"),
}


@page(Role.ADMIN)
async def retention_page(request: Request, agent: CurrentAgent) -> HTTPResponse:
    desk = desk_of(request)
    read = desk.store.for_long_requests().read
    found = await read(retention_status.status, desk.clock(), counted=True)
    return await admin_page(request, agent, "retention.html", here=HERE, found=found, states=STATES)


@page(Role.ADMIN)
async def start_run(request: Request, agent: CurrentAgent) -> HTTPResponse:
    await desk_of(request).store.write(run_now, None)
    return done(request, HERE, "retaining")


@page(Role.ADMIN)
async def stop(request: Request, agent: CurrentAgent) -> HTTPResponse:
    await desk_of(request).store.write(stop_run, None)
    return done(request, HERE, "retention_stopped")


PAGES: dict[str, Any] = {HERE: retention_page}
POST_HANDLERS: dict[str, Any] = {f"{HERE}/run": start_run, f"{HERE}/stop": stop}
