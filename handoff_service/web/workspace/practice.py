"""The practice pages, where agents start, enter and end practice runs, and read their scores."""

from datetime import timedelta
from typing import Any

from sanic import Request
from sanic.response import HTTPResponse
from sqlalchemy import Connection

from handoff_service.errors import BadInput, Conflict, NotFound
from handoff_service.operations.desk.sign_in import CurrentAgent
from handoff_service.operations.shared.read_fields import read_as
from handoff_service.practice.desk_content import demo_set
from handoff_service.practice.runs import OFF
from handoff_service.rules.shared.phrases import phrase
from handoff_service.rules.shared.vocabulary import Role
from handoff_service.rules.training.practice import (
    SPEEDS,
    USUAL_CONVERSATIONS,
    USUAL_DAYS,
    PracticeSource,
    PracticeState,
)
from handoff_service.store.desk.agents import agents_by_id
from handoff_service.store.routing import queues
from handoff_service.store.training import practice_runs
from handoff_service.store.views import Agent
from handoff_service.web.admin.pages import Form, typed
from handoff_service.web.api.practice import PracticeBody, run_for, start_run
from handoff_service.web.shared import practice_desk
from handoff_service.web.shared.page_shell import shell_context
from handoff_service.web.shared.rendering import done_or_redirect, render
from handoff_service.web.shared.session import LIVE, desk_of, page, supervises

HERE = practice_desk.RUNS
FIELDS = ["agent_id", "source", "conversations", "speed", "queue_id", "first_day", "last_day"]
MOST_SHOWN = 50


@page(*LIVE)
async def practice_page(request: Request, agent: CurrentAgent) -> HTTPResponse:
    """Return the form for a new run, the agent's run that is ready, and the latest runs.
    Supervisors see the runs of all agents."""
    return await _page(request, agent)


@page(*LIVE)
async def start_practice(request: Request, agent: CurrentAgent) -> HTTPResponse:
    form = typed(request, FIELDS)
    try:
        body = read_as(PracticeBody, {name: one for name, one in form.values.items() if one})
        await start_run(desk_of(request), agent, body)
    except (BadInput, Conflict, NotFound) as refusal:
        return await _page(request, agent, form=form.with_refusal(refusal), status=refusal.status)
    return done_or_redirect(request, HERE)


@page(*LIVE)
async def practice_score(request: Request, run_id: int, agent: CurrentAgent) -> HTTPResponse:
    """Return the score of a run."""
    run = await run_for(desk_of(request), agent, run_id)
    shell = await shell_context(request, agent, place="practice")
    return render("practice_score.html", **shell, run=run)


@page(*LIVE)
async def enter_practice(request: Request, run_id: int, agent: CurrentAgent) -> HTTPResponse:
    """Move this browser to the practice desk."""
    desk = desk_of(request)
    try:
        token = await desk.practice_runs.enter(run_id, agent.id)
    except Conflict as refusal:
        return await _page(request, agent, status=refusal.status)
    response = done_or_redirect(request, "/workspace")
    practice_desk.enter(desk, response, token)
    return response


@page(*LIVE)
async def end_practice(request: Request, run_id: int, agent: CurrentAgent) -> HTTPResponse:
    """End a practice run from a page of the real desk."""
    desk = desk_of(request)
    await run_for(desk, agent, run_id)
    await desk.practice_runs.end(run_id, PracticeState.ENDED)
    response = done_or_redirect(request, f"{HERE}/{run_id}")
    practice_desk.leave(desk, response)
    return response


@page(*LIVE)
async def leave_practice(request: Request, agent: CurrentAgent) -> HTTPResponse:
    """End a practice run from its practice desk."""
    mark = desk_of(request).practice
    if mark is None:
        raise NotFound(phrase("There is no practice desk in this browser."))
    real = request.app.ctx.desk
    await real.practice_runs.end(mark.run_id, PracticeState.ENDED)
    response = done_or_redirect(request, f"{HERE}/{mark.run_id}")
    practice_desk.leave(real, response)
    return response


async def _page(
    request: Request, agent: CurrentAgent, *, form: Form | None = None, status: int = 200
) -> HTTPResponse:
    desk, oversees = desk_of(request), supervises(agent)
    shell = await shell_context(request, agent, place="practice")
    today = shell["now"].astimezone(shell["zone"]).date()
    usual = {
        "agent_id": str(agent.id),
        "source": PracticeSource.PAST,
        "conversations": str(USUAL_CONVERSATIONS),
        "speed": "1",
        "queue_id": "",
        "first_day": str(today - timedelta(days=USUAL_DAYS)),
        "last_day": str(today),
    }

    def read(conn: Connection) -> dict[str, Any]:
        found = agents_by_id(conn).values() if oversees else []
        return {
            "runs": practice_runs.list_(conn, None if oversees else agent.id, limit=MOST_SHOWN),
            "agents": {str(one.id): one.name for one in found if _can_practice(one)},
            "queues": {"": phrase("All queues")}
            | {str(queue_id): one.name for queue_id, one in queues.list_(conn).items()},
        }

    return render(
        "practice.html",
        status=status,
        **shell | await desk.store.read(read),
        form=form or Form(values=usual),
        speeds={
            str(one): phrase("{speed}× as fast", speed=one) if one > 1 else phrase("Original")
            for one in SPEEDS
        },
        demo_count=len(demo_set()),
        off=None if desk.practice_runs.is_on else OFF,
        oversees=oversees,
    )


def _can_practice(agent: Agent) -> bool:
    return agent.active and bool({Role.AGENT, Role.SUPERVISOR, Role.ADMIN} & {*agent.roles})


ONE = "/practice/<run_id:int>"
PAGES: dict[str, Any] = {"/practice": practice_page, ONE: practice_score}
POST_HANDLERS: dict[str, Any] = {
    "/practice": start_practice,
    f"{ONE}/enter": enter_practice,
    f"{ONE}/end": end_practice,
    "/practice-desk/end": leave_practice,
}
