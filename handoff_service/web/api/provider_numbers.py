"""The company's numbers: live agents may read them, admins change them."""

from typing import Annotated, Any

from pydantic import Field

from handoff_service.errors import NotFound
from handoff_service.operations.desk.provider_numbers import (
    ChangeProviderNumber,
    MakeProviderNumber,
    change_provider_number,
    delete_provider_number,
    make_provider_number,
)
from handoff_service.operations.shared.field_types import MessagingService, Name, OwnNumber
from handoff_service.rules.shared.vocabulary import FirstResponder, Role
from handoff_service.store.desk.provider_numbers import list_provider_numbers
from handoff_service.store.views import ProviderNumber
from handoff_service.web.api.calls import ApiRequest, Body, Call, Page, Paging, Patch, page_of

Label = Annotated[str, Field(max_length=200)]
Rate = Annotated[int, Field(ge=1, le=1000)]


class NewNumberBody(Body):
    number: OwnNumber
    queue: Name
    label: Label = ""
    first_responder: FirstResponder = FirstResponder.VIRTUAL_AGENT
    segments_per_second: Rate = 1
    messaging_service: MessagingService = None


class NumberBody(Patch):
    """What is not given stays. The number itself can be changed until it has a conversation."""

    may_be_null = frozenset({"messaging_service"})

    number: OwnNumber | None = None
    queue: Name | None = None
    label: Label | None = None
    first_responder: FirstResponder | None = None
    segments_per_second: Rate | None = None
    messaging_service: MessagingService = None


async def list_numbers(asked: ApiRequest[None, Paging]) -> Page[ProviderNumber]:
    return page_of(
        await asked.desk.store.read(list_provider_numbers), asked.query, lambda one: one.id
    )


async def one_number(asked: ApiRequest[Any, Any]) -> ProviderNumber:
    return await _one(asked, asked.id)


async def make(asked: ApiRequest[NewNumberBody, Any]) -> ProviderNumber:
    return await _one(
        asked,
        await asked.desk.store.write(
            make_provider_number, MakeProviderNumber(**asked.body.model_dump())
        ),
    )


async def change(asked: ApiRequest[NumberBody, Any]) -> ProviderNumber:
    await asked.desk.store.write(
        change_provider_number, ChangeProviderNumber(id=asked.id, values=asked.body.given())
    )
    return await _one(asked, asked.id)


async def delete(asked: ApiRequest[None, Any]) -> None:
    await asked.desk.store.write(delete_provider_number, asked.id)


async def _one(asked: ApiRequest[Any, Any], number_id: int) -> ProviderNumber:
    for one in await asked.desk.store.read(list_provider_numbers):
        if one.id == number_id:
            return one
    raise NotFound(f"There is not a company number {number_id}.")


NUMBERS = "/v1/provider-numbers"
ONE = f"{NUMBERS}/<id:int>"
ADMIN = (Role.ADMIN,)
CALLS = (
    Call(
        method="GET",
        path=NUMBERS,
        summary="The company's numbers",
        handle=list_numbers,
        query=Paging,
        answer=Page[ProviderNumber],
    ),
    Call(
        method="GET",
        path=ONE,
        summary="One provider number",
        handle=one_number,
        answer=ProviderNumber,
    ),
    Call(
        method="POST",
        path=NUMBERS,
        summary="Create a provider number",
        handle=make,
        body=NewNumberBody,
        answer=ProviderNumber,
        status=201,
        roles=ADMIN,
    ),
    Call(
        method="PATCH",
        path=ONE,
        summary="Change a provider number; the number itself only while it has no conversation",
        handle=change,
        body=NumberBody,
        answer=ProviderNumber,
        roles=ADMIN,
    ),
    Call(
        method="DELETE",
        path=ONE,
        summary="Delete a provider number that was never used",
        handle=delete,
        answer=None,
        status=204,
        roles=ADMIN,
    ),
)
