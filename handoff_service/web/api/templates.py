"""API calls for agents' templates and for system messages to requesters. Everyone who is signed in
may read both. Admins and supervisors may change templates. Admins may edit system messages."""

from typing import Annotated, Any

from pydantic import Field

from handoff_service.operations.desk.templates import (
    ChangeTemplate,
    MakeTemplate,
    change_template,
    delete_template,
    make_template,
)
from handoff_service.operations.desk.texts import ChangeText, change_text
from handoff_service.operations.shared.field_types import MessageName, Name
from handoff_service.rules.training.suggested_replies import TypedOften
from handoff_service.store.desk import templates, texts
from handoff_service.store.views import SavedText, Template
from handoff_service.web.api.bodies import Body, Page, Paging, Patch, page_of
from handoff_service.web.api.calls import ADMIN, WRITERS, ApiRequest, delete, get, patch, post, put
from handoff_service.web.shared.session import ANYONE

Text = Annotated[str, Field(max_length=1600)]


class NewTemplateBody(Body):
    name: Name
    body: Text


class TemplateBody(Patch):
    """Changes a template. Omitted fields keep their values."""

    name: Name | None = None
    body: Text | None = None


class TemplateQuery(Paging):
    """``q``: part of the name or text."""

    q: str = Field("", max_length=100)


class TextBody(Body):
    """``body``: the new text; null restores the default text."""

    name: MessageName
    body: Text | None


@get("/templates", summary="Templates, by name", roles=ANYONE)
async def list_templates(asked: ApiRequest[None, TemplateQuery]) -> Page[Template]:
    found = await asked.desk.store.read(templates.list_, asked.query.q)
    return page_of(found, asked.query, lambda one: one.id)


@get("/templates/typed-often", summary="Texts that agents type often", roles=ADMIN)
async def list_typed_often(asked: ApiRequest[None, Any]) -> list[TypedOften]:
    known = [one.body for one in await asked.desk.store.read(templates.list_, "")]
    return asked.desk.replies.index.typed_often(known)


@get("/templates/{id}", summary="One template", roles=ANYONE)
async def one_template(asked: ApiRequest[Any, Any]) -> Template:
    return await asked.desk.store.read(templates.get, asked.id)


@post("/templates", summary="Create a template", roles=WRITERS, status=201)
async def make(asked: ApiRequest[NewTemplateBody, Any]) -> Template:
    made = await asked.desk.store.write(
        make_template, MakeTemplate(name=asked.body.name, body=asked.body.body)
    )
    return await asked.desk.store.read(templates.get, made)


@patch("/templates/{id}", summary="Change a template", roles=WRITERS)
async def change(asked: ApiRequest[TemplateBody, Any]) -> Template:
    await asked.desk.store.write(
        change_template, ChangeTemplate(id=asked.id, values=asked.body.given())
    )
    return await one_template(asked)


@delete("/templates/{id}", summary="Delete a template", roles=WRITERS)
async def remove(asked: ApiRequest[None, Any]) -> None:
    await asked.desk.store.write(delete_template, asked.id)


@get("/texts", summary="System messages to requesters, with their current texts", roles=ANYONE)
async def list_texts(asked: ApiRequest[None, Any]) -> Page[SavedText]:
    return Page(items=await asked.desk.store.read(texts.saved), next=None)


@put("/texts", summary="Edit a system message; a null body restores the default text", roles=ADMIN)
async def put_text(asked: ApiRequest[TextBody, Any]) -> SavedText:
    await asked.desk.store.write(
        change_text, ChangeText(name=asked.body.name, body=asked.body.body)
    )
    return next(
        one for one in await asked.desk.store.read(texts.saved) if one.name == asked.body.name
    )
