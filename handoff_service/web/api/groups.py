"""API calls for groups of live agents. Everyone who is signed in may read them. Admins may change
them."""

from typing import Any

from handoff_service.operations.desk.groups import (
    ChangeGroup,
    MakeGroup,
    change_group,
    delete_group,
    make_group,
)
from handoff_service.operations.shared.field_types import Capacity, OneLine
from handoff_service.store.desk import agents
from handoff_service.store.views import Group
from handoff_service.web.api.bodies import Body, Page, Paging, Patch, page
from handoff_service.web.api.calls import ADMIN, ApiRequest, delete, get, patch, post
from handoff_service.web.shared.session import ANYONE


class NewGroupBody(Body):
    """Creates a group. ``capacity``: how many conversations an agent of the group may have at once.
    Null: only the agent's own capacity applies."""

    name: OneLine
    capacity: Capacity | None = None


class GroupBody(Patch):
    """Changes a group. Omitted fields keep their values."""

    may_be_null = frozenset({"capacity"})

    name: OneLine | None = None
    capacity: Capacity | None = None


@get("/groups", summary="Groups", roles=ANYONE)
async def list_groups(asked: ApiRequest[None, Paging]) -> Page[Group]:
    found = await asked.desk.store.read(
        agents.groups, after=asked.query.after, limit=asked.query.limit + 1
    )
    return page(found, asked.query.limit, lambda group: group.id)


@get("/groups/{id}", summary="One group", roles=ANYONE)
async def one_group(asked: ApiRequest[Any, Any]) -> Group:
    return await asked.desk.store.read(agents.group, asked.id)


@post("/groups", summary="Create a group", roles=ADMIN, status=201)
async def make(asked: ApiRequest[NewGroupBody, Any]) -> Group:
    command = MakeGroup(name=asked.body.name, capacity=asked.body.capacity)
    return await asked.desk.store.read(
        agents.group, await asked.desk.store.write(make_group, command)
    )


@patch("/groups/{id}", summary="Change a group", roles=ADMIN)
async def change(asked: ApiRequest[GroupBody, Any]) -> Group:
    await asked.desk.store.write(change_group, ChangeGroup(id=asked.id, values=asked.body.given()))
    return await one_group(asked)


@delete("/groups/{id}", summary="Delete a group that no queue uses", roles=ADMIN)
async def remove(asked: ApiRequest[None, Any]) -> None:
    await asked.desk.store.write(delete_group, asked.id)
