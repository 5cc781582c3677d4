"""Renders the set-up steps, each with the list of all steps, and moves to the next step."""

from typing import Any

from sanic import Request
from sanic.response import HTTPResponse, redirect

from handoff_service.operations.desk.set_up import finish_step
from handoff_service.rules.shared.phrases import phrase
from handoff_service.store.desk.set_up import Step, steps_done
from handoff_service.web.shared.desk_facts import desk_facts
from handoff_service.web.shared.rendering import render
from handoff_service.web.shared.session import csrf_token, desk_of

TITLES = {
    Step.ACCOUNT: phrase("Your account"),
    Step.DESK: phrase("The desk"),
    Step.NUMBER: phrase("Company number"),
    Step.AGENTS: phrase("Agents"),
    Step.QUEUE: phrase("Queue and hours"),
    Step.TEST: phrase("Test text"),
}


def address(step: Step) -> str:
    return f"/setup/{step}"


async def step_page(
    request: Request, step: Step, template: str, *, status: int = 200, **given: Any
) -> HTTPResponse:
    """Render the page of a step."""
    desk = desk_of(request)
    facts = await desk.store.read(desk_facts)
    done = await desk.store.read(steps_done)
    values = {
        "desk": facts,
        "zone": facts.zone,
        "now": desk.clock(),
        "csrf": csrf_token(request),
        "steps": TITLES,
        "step": step,
        "steps_done": done,
        "title": TITLES[step],
    }
    return render(f"setup/{template}", status=status, **values | given)


def follow(step: Step) -> HTTPResponse:
    """Redirect to the step after this one."""
    steps = list(Step)
    return redirect(address(steps[steps.index(step) + 1]), status=303)


async def finish(request: Request, step: Step) -> HTTPResponse:
    """Mark the step as done, and redirect to the next step."""
    await desk_of(request).store.write(finish_step, step)
    return follow(step)
