"""API calls for the definitions of attributes. Everyone who is signed in may read them. Admins may
change them."""

from typing import Any

from pydantic import Field

from handoff_service.operations.desk.attributes import (
    ChangeAttribute,
    change_attribute,
    delete_attribute,
    make_attribute,
)
from handoff_service.operations.shared.field_types import Choices, OneLine
from handoff_service.rules.desk.attributes import (
    AttributeFields,
    AttributeOwner,
    AttributePlace,
    AttributeType,
)
from handoff_service.store.desk import attributes
from handoff_service.store.views import Attribute
from handoff_service.web.api.bodies import Body, Page, Paging, Patch, page_of
from handoff_service.web.api.calls import ADMIN, ApiRequest, delete, get, patch, post
from handoff_service.web.shared.session import ANYONE


class NewAttributeBody(Body):
    """Defines an attribute. Values that are already stored under its key must fit the type. The
    error names the values that do not.

    - ``key``: names the attribute in values and conditions. It cannot change later.
    - ``choices``: the allowed values, only for the type ``choice``.
    - ``required_to_close``: only for attributes of conversations.
    """

    key: OneLine
    name: OneLine
    owner: AttributeOwner
    type: AttributeType = AttributeType.TEXT
    choices: Choices = Field([])
    required_to_close: bool = False
    shown: AttributePlace = AttributePlace.PANEL


class AttributeBody(Patch):
    """Changes a definition. Omitted fields keep their values."""

    name: OneLine | None = None
    type: AttributeType | None = None
    choices: Choices | None = None
    required_to_close: bool | None = None
    shown: AttributePlace | None = None


class AttributeQuery(Paging):
    """``q``: part of the name or key."""

    q: str = Field("", max_length=100)
    owner: AttributeOwner | None = None


@get("/attributes", summary="Attributes, those of users first, by name", roles=ANYONE)
async def list_attributes(asked: ApiRequest[None, AttributeQuery]) -> Page[Attribute]:
    query = asked.query
    found = await asked.desk.store.read(attributes.list_, query.q, query.owner)
    return page_of(found, query, lambda one: one.id)


@get("/attributes/{id}", summary="One attribute", roles=ANYONE)
async def one_attribute(asked: ApiRequest[Any, Any]) -> Attribute:
    return await asked.desk.store.read(attributes.get, asked.id)


@post("/attributes", summary="Define an attribute", roles=ADMIN, status=201)
async def make(asked: ApiRequest[NewAttributeBody, Any]) -> Attribute:
    given = asked.body.model_dump()
    fields = AttributeFields(**given | {"choices": tuple(asked.body.choices)})
    made = await asked.desk.store.write(make_attribute, fields)
    return await asked.desk.store.read(attributes.get, made)


@patch("/attributes/{id}", summary="Change the definition of an attribute", roles=ADMIN)
async def change(asked: ApiRequest[AttributeBody, Any]) -> Attribute:
    values = asked.body.given()
    if "choices" in values:
        values["choices"] = tuple(values["choices"])
    await asked.desk.store.write(change_attribute, ChangeAttribute(id=asked.id, values=values))
    return await one_attribute(asked)


@delete(
    "/attributes/{id}",
    summary="Delete the definition of an attribute; stored values remain as text",
    roles=ADMIN,
)
async def remove(asked: ApiRequest[None, Any]) -> None:
    await asked.desk.store.write(delete_attribute, asked.id)
