"""API calls for company numbers. Live agents may read them. Admins may change them."""

from typing import Any

from handoff_service.errors import NotFound
from handoff_service.operations.desk.provider_numbers import (
    ChangeProviderNumber,
    MakeProviderNumber,
    change_provider_number,
    delete_provider_number,
    make_provider_number,
)
from handoff_service.operations.shared.field_types import (
    Label,
    MessagingService,
    Name,
    OwnNumber,
    SegmentsPerSecond,
)
from handoff_service.rules.shared.vocabulary import FirstResponder
from handoff_service.store.desk.provider_numbers import list_provider_numbers
from handoff_service.store.views import ProviderNumber
from handoff_service.web.api.bodies import Body, Page, Paging, Patch, page_of
from handoff_service.web.api.calls import ADMIN, ApiRequest, delete, get, patch, post


class NewNumberBody(Body):
    number: OwnNumber
    queue: Name
    label: Label = ""
    first_responder: FirstResponder = FirstResponder.VIRTUAL_AGENT
    segments_per_second: SegmentsPerSecond = 1
    messaging_service: MessagingService = None


class NumberBody(Patch):
    """Changes a company number. Omitted fields keep their values. ``number`` itself can change only
    while it has no conversation."""

    may_be_null = frozenset({"messaging_service"})

    number: OwnNumber | None = None
    queue: Name | None = None
    label: Label | None = None
    first_responder: FirstResponder | None = None
    segments_per_second: SegmentsPerSecond | None = None
    messaging_service: MessagingService = None


@get("/provider-numbers", summary="The company's numbers")
async def list_numbers(asked: ApiRequest[None, Paging]) -> Page[ProviderNumber]:
    return page_of(
        await asked.desk.store.read(list_provider_numbers), asked.query, lambda one: one.id
    )


@get("/provider-numbers/{id}", summary="One company number")
async def one_number(asked: ApiRequest[Any, Any]) -> ProviderNumber:
    return await _one(asked, asked.id)


@post("/provider-numbers", summary="Create a company number", roles=ADMIN, status=201)
async def make(asked: ApiRequest[NewNumberBody, Any]) -> ProviderNumber:
    return await _one(
        asked,
        await asked.desk.store.write(
            make_provider_number, MakeProviderNumber(**asked.body.model_dump())
        ),
    )


@patch(
    "/provider-numbers/{id}",
    summary="Change a company number; the number itself only while it has no conversation",
    roles=ADMIN,
)
async def change(asked: ApiRequest[NumberBody, Any]) -> ProviderNumber:
    await asked.desk.store.write(
        change_provider_number, ChangeProviderNumber(id=asked.id, values=asked.body.given())
    )
    return await _one(asked, asked.id)


@delete(
    "/provider-numbers/{id}", summary="Delete a company number that was never used", roles=ADMIN
)
async def remove(asked: ApiRequest[None, Any]) -> None:
    await asked.desk.store.write(delete_provider_number, asked.id)


async def _one(asked: ApiRequest[Any, Any], number_id: int) -> ProviderNumber:
    for one in await asked.desk.store.read(list_provider_numbers):
        if one.id == number_id:
            return one
    raise NotFound(f"There is no company number {number_id}.")
