"""Outages: everyone who is signed in may read them, admins and supervisors may change them."""

from typing import Any

from handoff_service.operations.cases.outage_fields import OutageEntry, Text
from handoff_service.operations.cases.outages import (
    ChangeOutage,
    change_outage,
    delete_outage,
    make_outage,
)
from handoff_service.operations.shared.field_types import Moment, Name
from handoff_service.store.cases import outages
from handoff_service.store.views import Outage
from handoff_service.web.api.bodies import Body, Page, Paging, Patch, page_of
from handoff_service.web.api.calls import WRITERS, ApiRequest, delete, get, patch, post
from handoff_service.web.shared.session import ANYONE


class NewOutageBody(OutageEntry, Body):
    """Creates an outage. ``text`` is the announcement to requesters, which must fit one segment."""


class OutageBody(Patch):
    """Changes an outage. Omitted fields keep their values. ``until`` null: the end is unknown."""

    may_be_null = frozenset({"until"})

    title: Name | None = None
    text: Text | None = None
    since: Moment | None = None
    until: Moment | None = None
    active: bool | None = None


@get("/outages", summary="Outages, latest start first", roles=ANYONE)
async def list_outages(asked: ApiRequest[None, Paging]) -> Page[Outage]:
    return page_of(await asked.desk.store.read(outages.list_), asked.query, lambda one: one.id)


@get("/outages/{id}", summary="One outage", roles=ANYONE)
async def one_outage(asked: ApiRequest[Any, Any]) -> Outage:
    return await asked.desk.store.read(outages.get, asked.id)


@post("/outages", summary="Create an outage", roles=WRITERS, status=201)
async def make(asked: ApiRequest[NewOutageBody, Any]) -> Outage:
    made = await asked.desk.store.write(make_outage, asked.body.meant())
    return await asked.desk.store.read(outages.get, made)


@patch("/outages/{id}", summary="Change an outage", roles=WRITERS)
async def change(asked: ApiRequest[OutageBody, Any]) -> Outage:
    await asked.desk.store.write(
        change_outage, ChangeOutage(id=asked.id, values=asked.body.given())
    )
    return await one_outage(asked)


@delete("/outages/{id}", summary="Delete an outage", roles=WRITERS)
async def remove(asked: ApiRequest[None, Any]) -> None:
    await asked.desk.store.write(delete_outage, asked.id)
