"""The other set-up steps: the desk, the agents, the queue and the test text."""

import re
from typing import Any

from pydantic import BaseModel
from sanic import Request
from sanic.response import HTTPResponse, redirect
from sqlalchemy import Connection

from handoff_service.errors import BadInput, Conflict, NotFound
from handoff_service.operations.desk.desk_fields import DeskEntry
from handoff_service.operations.desk.desk_settings import change_desk
from handoff_service.operations.desk.password_links import MailLink, mail_link
from handoff_service.operations.desk.set_up import (
    FIRST,
    InviteAgent,
    SaveStep,
    finish_step,
    invite_agent,
    save_queue,
)
from handoff_service.operations.desk.sign_in import CurrentAgent
from handoff_service.operations.routing.queue_fields import QueueEntry, values
from handoff_service.operations.shared.field_types import Email, OneLine
from handoff_service.operations.shared.read_fields import read_as
from handoff_service.rules.desk.password_links import LASTS, Purpose
from handoff_service.rules.shared.phrases import phrase
from handoff_service.rules.shared.vocabulary import Role
from handoff_service.store.desk import agents, desk
from handoff_service.store.desk.provider_numbers import list_provider_numbers
from handoff_service.store.desk.set_up import Step, test_text
from handoff_service.store.routing import queues
from handoff_service.web.admin.agents import link_for
from handoff_service.web.admin.pages import Form, typed
from handoff_service.web.admin.region_choices import COUNTRIES, TIME_ZONES
from handoff_service.web.setup.step_page import address, finish, follow, step_page
from handoff_service.web.shared.desk_facts import desk_facts
from handoff_service.web.shared.page_language import shown
from handoff_service.web.shared.rendering import render
from handoff_service.web.shared.session import desk_of, page

DESK_FIELDS = ("name", "country", "time_zone")
DAYS = {
    "": phrase("Always"),
    "Mo-Fr": phrase("Monday to Friday"),
    "Mo-Sa": phrase("Monday to Saturday"),
    "Mo-Su": phrase("Every day"),
}
OWN = "own"  # the choice that stands for opening hours that this form cannot show
HOURS = re.compile(r"(Mo-Fr|Mo-Sa|Mo-Su) (\d\d:\d\d)-(\d\d:\d\d)")
CLOCK_TIMES = phrase("Write both times as hours and minutes, such as 08:00 and 18:00.")
MOST_AGENTS = 50  # agents in the list


class InviteBody(BaseModel):
    name: OneLine
    email: Email


@page(Role.ADMIN)
async def desk_page(request: Request, agent: CurrentAgent) -> HTTPResponse:
    now = await desk_of(request).store.read(desk.desk)
    stored = now or {"name": shown(FIRST), "country": "US", "time_zone": ""}
    form = Form(values={name: str(stored[name]) for name in DESK_FIELDS})
    return await _desk_form(request, form, is_new=now is None)


@page(Role.ADMIN)
async def save_desk(request: Request, agent: CurrentAgent) -> HTTPResponse:
    form = typed(request, DESK_FIELDS)
    try:
        entry = read_as(DeskEntry, form.values).model_dump(exclude_unset=True)
        await desk_of(request).store.write(change_desk, entry)
    except BadInput as refusal:
        return await _desk_form(request, form.with_refusal(refusal), status=refusal.status)
    return await finish(request, Step.DESK)


async def _desk_form(
    request: Request, form: Form, *, is_new: bool = False, status: int = 200
) -> HTTPResponse:
    given = {"form": form, "is_new": is_new, "countries": COUNTRIES, "time_zones": TIME_ZONES}
    return await step_page(request, Step.DESK, "desk.html", status=status, **given)


@page(Role.ADMIN)
async def agents_page(request: Request, agent: CurrentAgent) -> HTTPResponse:
    return await _agents(request, Form(values={"name": "", "email": ""}))


@page(Role.ADMIN)
async def add_agent(request: Request, agent: CurrentAgent) -> HTTPResponse:
    settings, store = desk_of(request).settings, desk_of(request).store
    form = typed(request, ("name", "email"))
    try:
        body = read_as(InviteBody, form.values)
        invited = InviteAgent(name=body.name, email=body.email, first=shown(FIRST))
        agent_id = await store.write(invite_agent, invited)
    except (BadInput, Conflict) as refusal:
        return await _agents(request, form.with_refusal(refusal), status=refusal.status)
    if settings.mails:
        await store.write(mail_link, MailLink(agent_id, Purpose.INVITATION))
    return redirect(address(Step.AGENTS), status=303)


async def _agents(request: Request, form: Form, *, status: int = 200) -> HTTPResponse:
    settings, until = desk_of(request).settings, desk_of(request).clock()
    until += LASTS[Purpose.INVITATION]

    def rows(conn: Connection) -> list[dict[str, Any]]:
        found = agents.list_(conn, words=None, after=0, limit=MOST_AGENTS)
        waiting = agents.without_password(conn)
        return [
            {"agent": one, "link": link_for(conn, settings, one.id, until)}
            if one.id in waiting
            else {"agent": one, "link": ""}
            for one in found
            if one.active
        ]

    given = {
        "form": form,
        "rows": await desk_of(request).store.read(rows),
        "mails": settings.mails,
        "until": until,
    }
    return await step_page(request, Step.AGENTS, "agents.html", status=status, **given)


@page(Role.ADMIN)
async def skip_agents(request: Request, agent: CurrentAgent) -> HTTPResponse:
    return await finish(request, Step.AGENTS)


@page(Role.ADMIN)
async def queue_page(request: Request, agent: CurrentAgent) -> HTTPResponse:
    found = next(iter((await desk_of(request).store.read(queues.list_)).values()), None)
    name = found.name if found else shown(FIRST)
    form = {"name": name, "days": "", "opens": "08:00", "closes": "18:00"}
    if found and found.schedule:
        known = HOURS.fullmatch(found.schedule)
        form["days"] = known[1] if known else OWN
        if known:
            form |= {"opens": known[2], "closes": known[3]}
    return await _queue_form(request, Form(values=form))


@page(Role.ADMIN)
async def save_the_queue(request: Request, agent: CurrentAgent) -> HTTPResponse:
    form = typed(request, ("name", "days", "opens", "closes"))
    given: dict[str, Any] = {"name": form.values["name"]}
    if form.values["days"] in DAYS:
        hours = f"{form.values['days']} {form.values['opens']}-{form.values['closes']}"
        given["schedule"] = hours if form.values["days"] else None
    try:
        entry = read_as(QueueEntry, given)
        written = values({name: getattr(entry, name) for name in given})
        await desk_of(request).store.write(save_queue, SaveStep(written, shown(FIRST)))
    except (BadInput, Conflict) as refusal:
        errors = {k: what for k, what in refusal.errors.items() if k != "schedule"}
        if "schedule" in refusal.errors:
            errors["opens"] = CLOCK_TIMES
        refusal = type(refusal)(refusal.detail, errors=errors)
        return await _queue_form(request, form.with_refusal(refusal), status=refusal.status)
    return follow(Step.QUEUE)


async def _queue_form(request: Request, form: Form, *, status: int = 200) -> HTTPResponse:
    found = await desk_of(request).store.read(queues.list_views)
    days = {**DAYS, **({OWN: phrase("As in Admin, Queues")} if form.values["days"] == OWN else {})}
    given = {"form": form, "days": days, "queue": found[0] if found else None}
    return await step_page(request, Step.QUEUE, "queue.html", status=status, **given)


@page(Role.ADMIN)
async def test_page(request: Request, agent: CurrentAgent) -> HTTPResponse:
    there = await desk_of(request).store.read(list_provider_numbers)
    if not there:
        return redirect(address(Step.NUMBER), status=303)
    given = {"simulated": desk_of(request).settings.has_simulator, **await _state(request)}
    return await step_page(request, Step.TEST, "test.html", **given)


@page(Role.ADMIN)
async def test_state(request: Request, agent: CurrentAgent) -> HTTPResponse:
    """Return the part of the page that changes when the test text arrives and is answered."""
    facts = await desk_of(request).store.read(desk_facts)
    shell: dict[str, Any] = {"now": desk_of(request).clock(), "zone": facts.zone}
    return render("setup/test_state.html", **shell | await _state(request))


async def _state(request: Request) -> dict[str, Any]:
    there = await desk_of(request).store.read(list_provider_numbers)
    if not there:
        raise NotFound(
            phrase("There is no company number yet. Add one in the step Company number.")
        )
    return {"number": there[0], "text": await desk_of(request).store.read(test_text)}


@page(Role.ADMIN)
async def finish_setup(request: Request, agent: CurrentAgent) -> HTTPResponse:
    await desk_of(request).store.write(finish_step, Step.TEST)
    return redirect("/workspace/admin/checklist", status=303)


PAGES: dict[str, Any] = {
    "/desk": desk_page,
    "/agents": agents_page,
    "/queue": queue_page,
    "/test": test_page,
    "/test/state": test_state,
}
POST_HANDLERS: dict[str, Any] = {
    "/desk": save_desk,
    "/agents": add_agent,
    "/agents/done": skip_agents,
    "/queue": save_the_queue,
    "/finish": finish_setup,
}
