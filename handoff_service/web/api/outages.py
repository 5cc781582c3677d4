"""Outages: everyone who is signed in may read them, admins and supervisors change them."""

from typing import Any

from handoff_service.operations.cases.outage_fields import OutageEntry, Text
from handoff_service.operations.cases.outages import (
    ChangeOutage,
    change_outage,
    delete_outage,
    make_outage,
)
from handoff_service.operations.shared.field_types import Moment, Name
from handoff_service.rules.shared.vocabulary import Role
from handoff_service.store.cases import outages
from handoff_service.store.views import Outage
from handoff_service.web.api.calls import ApiRequest, Body, Call, Page, Paging, Patch, page_of
from handoff_service.web.shared.session import ANYONE


class NewOutageBody(OutageEntry, Body):
    """``text`` is what requesters are told; one segment."""


class OutageBody(Patch):
    """What is not given stays. ``until`` null: nobody knows yet."""

    may_be_null = frozenset({"until"})

    title: Name | None = None
    text: Text | None = None
    since: Moment | None = None
    until: Moment | None = None
    active: bool | None = None


async def list_outages(asked: ApiRequest[None, Paging]) -> Page[Outage]:
    return page_of(await asked.desk.store.read(outages.list_), asked.query, lambda one: one.id)


async def one_outage(asked: ApiRequest[Any, Any]) -> Outage:
    return await asked.desk.store.read(outages.get, asked.id)


async def make(asked: ApiRequest[NewOutageBody, Any]) -> Outage:
    made = await asked.desk.store.write(make_outage, asked.body.meant())
    return await asked.desk.store.read(outages.get, made)


async def change(asked: ApiRequest[OutageBody, Any]) -> Outage:
    await asked.desk.store.write(
        change_outage, ChangeOutage(id=asked.id, values=asked.body.given())
    )
    return await one_outage(asked)


async def delete(asked: ApiRequest[None, Any]) -> None:
    await asked.desk.store.write(delete_outage, asked.id)


OUTAGES, ONE = "/v1/outages", "/v1/outages/<id:int>"
WRITERS = (Role.ADMIN, Role.SUPERVISOR)
CALLS = (
    Call(
        method="GET",
        path=OUTAGES,
        summary="Outages, the latest beginning first",
        handle=list_outages,
        query=Paging,
        answer=Page[Outage],
        roles=ANYONE,
    ),
    Call(
        method="GET", path=ONE, summary="One outage", handle=one_outage, answer=Outage, roles=ANYONE
    ),
    Call(
        method="POST",
        path=OUTAGES,
        summary="Create an outage",
        handle=make,
        body=NewOutageBody,
        answer=Outage,
        status=201,
        roles=WRITERS,
    ),
    Call(
        method="PATCH",
        path=ONE,
        summary="Change an outage",
        handle=change,
        body=OutageBody,
        answer=Outage,
        roles=WRITERS,
    ),
    Call(
        method="DELETE",
        path=ONE,
        summary="Delete an outage",
        handle=delete,
        answer=None,
        status=204,
        roles=WRITERS,
    ),
)
