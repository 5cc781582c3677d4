"""API calls for saved views of the list of ongoing conversations: the agent's own and shared
ones."""

from typing import Any

from pydantic import Field

from handoff_service.operations.conversations.list_views import (
    DeleteView,
    SaveView,
    delete_view,
    save_view,
)
from handoff_service.operations.shared.field_types import WrittenFilter
from handoff_service.rules.conversations.list_order import Sort, SortAndFilter, Tag
from handoff_service.store.conversations import list_views
from handoff_service.store.views import ListView
from handoff_service.web.api.bodies import Body, Page
from handoff_service.web.api.calls import ApiRequest, delete, get, post


class ViewBody(Body):
    """Saves a view, or replaces the calling agent's view with the same name. ``attribute``: a
    filter such as ``order_number=12``, ``order_number=10..20`` or ``site~north``. ``shared``:
    whether all agents see the view."""

    name: str = Field(min_length=1, max_length=60)
    sort: Sort = Sort.NEWEST
    tag: Tag | None = None
    label_id: int | None = Field(None, ge=1, lt=2**53)
    attribute: WrittenFilter | None = None
    shared: bool = False


@get("/list-views", summary="Saved views of the list: your own and the shared ones, by name")
async def list_saved(asked: ApiRequest[None, Any]) -> Page[ListView]:
    found = await asked.desk.store.read(list_views.list_, asked.agent.id)
    return Page(items=found, next=None)


@post("/list-views", summary="Save a view of the list", status=201)
async def save(asked: ApiRequest[ViewBody, Any]) -> ListView:
    given = asked.body
    command = SaveView(
        agent_id=asked.agent.id,
        name=given.name,
        how=SortAndFilter(
            sort=given.sort, tag=given.tag, label_id=given.label_id, attribute=given.attribute
        ),
        shared=given.shared,
    )
    saved = await asked.desk.store.write(save_view, command)
    found = await asked.desk.store.read(list_views.list_, asked.agent.id)
    return next(one for one in found if one.id == saved)


@delete("/list-views/{id}", summary="Delete one of your saved views")
async def remove(asked: ApiRequest[None, Any]) -> None:
    command = DeleteView(agent_id=asked.agent.id, view_id=asked.id)
    await asked.desk.store.write(delete_view, command)
