"""Agents, their roles, capacity and groups."""

from collections.abc import Mapping
from typing import Any

from sanic import Request
from sanic.response import HTTPResponse

from handoff_service.errors import Refusal
from handoff_service.operations.desk.agents import (
    ChangeAgent,
    DeleteAgent,
    MakeAgent,
    change_agent,
    delete_agent,
    make_agent,
)
from handoff_service.operations.desk.sign_in import CurrentAgent
from handoff_service.operations.shared.read_fields import read_as
from handoff_service.rules.shared.vocabulary import Role
from handoff_service.store import views
from handoff_service.store.desk import agents
from handoff_service.web.admin.pages import (
    PAGE,
    Form,
    admin_page,
    after,
    done,
    lines,
    typed,
)
from handoff_service.web.api.agents import AgentBody, NewAgentBody, with_hash
from handoff_service.web.shared.session import cookie_token, desk_of, page

HERE, ONE = "/agents", "/agents/<agent_id:int>"
FIELDS = ("name", "email", "password", "roles", "capacity", "groups", "skills", "active")
EMPTY = Form(values=dict.fromkeys(FIELDS, "") | {"roles": Role.AGENT, "capacity": "4"})
ROLES = {
    Role.AGENT: ("Agent", "answers requesters"),
    Role.SUPERVISOR: ("Supervisor", "sees all queues and conversations"),
    Role.TRAINER: ("Trainer", "trains the virtual agent"),
    Role.ADMIN: ("Admin", "full access, including admin"),
}


@page(Role.ADMIN)
async def list_page(request: Request, agent: CurrentAgent) -> HTTPResponse:
    store, q, behind = (
        desk_of(request).store,
        (request.args.get("q") or "").strip()[:100],
        after(request),
    )
    found = await store.read(agents.list_, words=q, after=behind, limit=PAGE + 1)
    more = {"q": q, "after": found[PAGE - 1].id} if len(found) > PAGE else None
    shown: dict[str, Any] = {
        "rows": found[:PAGE],
        "q": q,
        "first": not behind,
        "next": more,
        "new": f"{HERE}/new",
    }
    groups = await store.read(agents.groups)
    return await admin_page(request, agent, "agents.html", here=HERE, groups=groups, **shown)


@page(Role.ADMIN)
async def new_page(request: Request, agent: CurrentAgent) -> HTTPResponse:
    return await _form(request, agent, EMPTY)


@page(Role.ADMIN)
async def make(request: Request, agent: CurrentAgent) -> HTTPResponse:
    form = typed(request, FIELDS)
    try:
        body = read_as(NewAgentBody, _written(form.values) | {"password": form.values["password"]})
        values = await with_hash({name: getattr(body, name) for name in NewAgentBody.model_fields})
        agent_id = await desk_of(request).store.write(make_agent, MakeAgent(**values))
    except Refusal as refusal:
        return await _form(request, agent, form.with_refusal(refusal), status=refusal.status)
    return done(request, f"{HERE}/{agent_id}", "made")


@page(Role.ADMIN)
async def form_page(request: Request, agent_id: int, agent: CurrentAgent) -> HTTPResponse:
    one = await desk_of(request).store.read(agents.get, agent_id)
    values = {
        "name": one.name,
        "email": one.email,
        "password": "",
        "roles": "\n".join(one.roles),
        "capacity": str(one.capacity),
        "groups": "\n".join(one.groups),
        "skills": "\n".join(one.skills),
        "active": "1" if one.active else "",
    }
    return await _form(request, agent, Form(values=values), one)


@page(Role.ADMIN)
async def save(request: Request, agent_id: int, agent: CurrentAgent) -> HTTPResponse:
    store, form = desk_of(request).store, typed(request, FIELDS)
    one = await store.read(agents.get, agent_id)
    try:
        password = {"password": form.values["password"]} if form.values["password"] else {}
        active = {"active": one.active or bool(form.values["active"])}
        values = await with_hash(
            read_as(AgentBody, _written(form.values) | password | active).given()
        )
        command = ChangeAgent(
            id=agent_id, by=agent.id, values=values, but=cookie_token(request) or ""
        )
        await store.write(change_agent, command)
    except Refusal as refusal:
        return await _form(request, agent, form.with_refusal(refusal), one, status=refusal.status)
    return done(request, f"{HERE}/{agent_id}")


@page(Role.ADMIN)
async def delete_page(request: Request, agent_id: int, agent: CurrentAgent) -> HTTPResponse:
    one = await desk_of(request).store.read(agents.get, agent_id)
    shown: dict[str, Any] = {
        "title": one.name,
        "back": f"{HERE}/{agent_id}",
        "deletes": _deletes(one),
    }
    return await admin_page(request, agent, "delete_page.html", here=HERE, **shown)


@page(Role.ADMIN)
async def delete(request: Request, agent_id: int, agent: CurrentAgent) -> HTTPResponse:
    deleted = await desk_of(request).store.write(
        delete_agent, DeleteAgent(id=agent_id, by=agent.id)
    )
    return done(request, HERE, "deleted" if deleted else "deactivated")


def _written(values: Mapping[str, str]) -> dict[str, Any]:
    """Return the form's fields as the API names them, without the password."""
    return {
        "name": values["name"],
        "email": values["email"],
        "roles": lines(values["roles"]),
        "capacity": values["capacity"],
        "groups": lines(values["groups"]),
        "skills": lines(values["skills"]),
    }


async def _form(
    request: Request,
    agent: CurrentAgent,
    form: Form,
    one: views.Agent | None = None,
    *,
    status: int = 200,
) -> HTTPResponse:
    shown: dict[str, Any] = {
        "title": one.name if one else "New agent",
        "one": one,
        "form": form,
        "roles": ROLES,
        "groups": [group.name for group in await desk_of(request).store.read(agents.groups)],
        "back": HERE,
        "back_label": "All agents",
        "saves": f"{HERE}/{one.id}" if one else f"{HERE}/new",
        "deletes": _deletes(one) if one and one.active else None,
    }
    return await admin_page(request, agent, "agent.html", here=HERE, status=status, **shown)


def _deletes(one: views.Agent) -> dict[str, Any]:
    return {
        "address": f"{HERE}/{one.id}/delete",
        "label": "Delete this agent",
        "title": f"Delete {one.name}?",
        "says": [
            "An agent who never had a conversation is deleted.",
            "Any other agent is deactivated: signed out at once, with no more offers. Their "
            "conversations go back to their queues, and the history keeps the name.",
        ],
        "verb": "Delete or deactivate",
    }


PAGES: dict[str, Any] = {
    HERE: list_page,
    f"{HERE}/new": new_page,
    ONE: form_page,
    f"{ONE}/delete": delete_page,
}
ACTS: dict[str, Any] = {f"{HERE}/new": make, ONE: save, f"{ONE}/delete": delete}
