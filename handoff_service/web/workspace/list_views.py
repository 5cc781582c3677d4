"""Sorts and filters the list of ongoing conversations, and saves the choice as a view."""

from typing import Any

from sanic import Request
from sanic.response import HTTPResponse

from handoff_service.errors import BadInput
from handoff_service.operations.conversations.list_views import (
    ChooseList,
    DeleteView,
    SaveView,
    choose_list,
    delete_view,
    save_view,
)
from handoff_service.operations.desk.sign_in import CurrentAgent
from handoff_service.rules.conversations.list_order import Sort, SortAndFilter, Tag
from handoff_service.rules.desk.attribute_filters import TO, narrowed
from handoff_service.rules.shared.phrases import phrase
from handoff_service.web.shared.rendering import done_or_redirect, form_field
from handoff_service.web.shared.request_bytes import A_LABEL, id_field
from handoff_service.web.shared.session import LIVE, desk_of, page


@page(*LIVE)
async def arrange_list(request: Request, agent: CurrentAgent) -> HTTPResponse:
    command = ChooseList(agent_id=agent.id, how=_sort_and_filter(request))
    await desk_of(request).store.write(choose_list, command)
    return done_or_redirect(request)


@page(*LIVE)
async def save_list_view(request: Request, agent: CurrentAgent) -> HTTPResponse:
    """Save the current sort and filter as a view."""
    command = SaveView(
        agent_id=agent.id,
        name=form_field(request, "name"),
        how=_sort_and_filter(request),
        shared=form_field(request, "shared") == "1",
    )
    await desk_of(request).store.write(save_view, command)
    return done_or_redirect(request)


@page(*LIVE)
async def delete_list_view(request: Request, view_id: int, agent: CurrentAgent) -> HTTPResponse:
    command = DeleteView(agent_id=agent.id, view_id=view_id)
    await desk_of(request).store.write(delete_view, command)
    return done_or_redirect(request)


def _sort_and_filter(request: Request) -> SortAndFilter:
    """Read the form. Its field ``shows`` is a tag, ``label:`` followed by a label's id,
    ``attribute:`` followed by an attribute filter, or empty for all conversations. ``low`` and
    ``high``, or ``words``, narrow an attribute filter."""
    sort, shows = form_field(request, "sort") or Sort.NEWEST, form_field(request, "shows")
    label = shows.removeprefix("label:") if shows.startswith("label:") else ""
    attribute = shows.removeprefix("attribute:") if shows.startswith("attribute:") else ""
    tag = "" if label or attribute else shows
    if sort not in set(Sort) or (tag and tag not in set(Tag)):
        raise BadInput(phrase("Choose a sort and a filter from the list."))
    return SortAndFilter(
        sort=Sort(sort),
        tag=Tag(tag) if tag else None,
        label_id=id_field(label, "shows", A_LABEL) if label else None,
        attribute=_narrowed(request, attribute) or None,
    )


def _narrowed(request: Request, attribute: str) -> str:
    """Add the form's range or search text to the attribute filter, if the form has one."""
    low, high, words = (form_field(request, name).strip() for name in ("low", "high", "words"))
    return narrowed(attribute, f"{low}{TO}{high}" if low or high else words)


POST_HANDLERS: dict[str, Any] = {
    "/list": arrange_list,
    "/list/views": save_list_view,
    "/list/views/<view_id:int>/delete": delete_list_view,
}
