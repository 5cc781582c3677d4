"""Groups of agents, whom queues ask. They are listed below the agents."""

from typing import Any

from sanic import Request
from sanic.response import HTTPResponse

from handoff_service.errors import Refusal
from handoff_service.operations.desk.groups import (
    ChangeGroup,
    MakeGroup,
    change_group,
    delete_group,
    make_group,
)
from handoff_service.operations.desk.sign_in import CurrentAgent
from handoff_service.rules.shared.vocabulary import Role
from handoff_service.store.desk import agents
from handoff_service.store.views import Group
from handoff_service.web.admin.pages import Form, admin_page, done, meant, number, typed
from handoff_service.web.api.groups import NewGroupBody
from handoff_service.web.shared.session import desk_of, page

LIST = "/agents"
HERE, ONE = "/groups", "/groups/<group_id:int>"
FIELDS = ("name", "capacity")


@page(Role.ADMIN)
async def new_page(request: Request, agent: CurrentAgent) -> HTTPResponse:
    return await _form(request, agent, Form(values=dict.fromkeys(FIELDS, "")))


@page(Role.ADMIN)
async def make(request: Request, agent: CurrentAgent) -> HTTPResponse:
    form = typed(request, FIELDS)
    try:
        body = _meant(form)
        await desk_of(request).store.write(
            make_group, MakeGroup(name=body.name, capacity=body.capacity)
        )
    except Refusal as refusal:
        return await _form(request, agent, form.with_refusal(refusal), status=refusal.status)
    return done(request, LIST, "made")


@page(Role.ADMIN)
async def form_page(request: Request, group_id: int, agent: CurrentAgent) -> HTTPResponse:
    group = await desk_of(request).store.read(agents.group, group_id)
    capacity = "" if group.capacity is None else str(group.capacity)
    return await _form(
        request, agent, Form(values={"name": group.name, "capacity": capacity}), group
    )


@page(Role.ADMIN)
async def save(request: Request, group_id: int, agent: CurrentAgent) -> HTTPResponse:
    store, form = desk_of(request).store, typed(request, FIELDS)
    group = await store.read(agents.group, group_id)
    try:
        body = _meant(form)
        values = {"name": body.name, "capacity": body.capacity}
        await store.write(change_group, ChangeGroup(id=group_id, values=values))
    except Refusal as refusal:
        return await _form(request, agent, form.with_refusal(refusal), group, status=refusal.status)
    return done(request, LIST)


@page(Role.ADMIN)
async def delete_page(request: Request, group_id: int, agent: CurrentAgent) -> HTTPResponse:
    group = await desk_of(request).store.read(agents.group, group_id)
    shown: dict[str, Any] = {
        "title": group.name,
        "back": f"{HERE}/{group_id}",
        "deletes": _deletes(group),
    }
    return await admin_page(request, agent, "delete_page.html", here=LIST, **shown)


@page(Role.ADMIN)
async def delete(request: Request, group_id: int, agent: CurrentAgent) -> HTTPResponse:
    await desk_of(request).store.write(delete_group, group_id)
    return done(request, LIST, "deleted")


def _meant(form: Form) -> NewGroupBody:
    typed_capacity = form.values["capacity"]
    capacity = number(typed_capacity, "capacity", least=0, most=1000) if typed_capacity else None
    return meant(NewGroupBody, {"name": form.values["name"], "capacity": capacity})


async def _form(
    request: Request,
    agent: CurrentAgent,
    form: Form,
    group: Group | None = None,
    *,
    status: int = 200,
) -> HTTPResponse:
    shown: dict[str, Any] = {
        "title": group.name if group else "New group",
        "form": form,
        "back": LIST,
        "back_label": "All agents and groups",
        "saves": f"{HERE}/{group.id}" if group else f"{HERE}/new",
        "deletes": _deletes(group) if group else None,
    }
    return await admin_page(request, agent, "group.html", here=LIST, status=status, **shown)


def _deletes(group: Group) -> dict[str, Any]:
    return {
        "address": f"{HERE}/{group.id}/delete",
        "label": "Delete this group",
        "title": f"Delete {group.name}?",
        "says": [
            "Its agents leave the group but keep their accounts. A group that belongs to a "
            "queue cannot be deleted."
        ],
        "verb": "Delete the group",
    }


PAGES: dict[str, Any] = {f"{HERE}/new": new_page, ONE: form_page, f"{ONE}/delete": delete_page}
ACTS: dict[str, Any] = {f"{HERE}/new": make, ONE: save, f"{ONE}/delete": delete}
