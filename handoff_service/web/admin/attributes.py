"""The admin pages for attributes of users and conversations."""

from typing import Any

from sanic import Request
from sanic.response import HTTPResponse
from sqlalchemy import Connection

from handoff_service.operations.desk.attributes import (
    ChangeAttribute,
    blockers,
    change_attribute,
    delete_attribute,
    make_attribute,
)
from handoff_service.operations.desk.sign_in import CurrentAgent
from handoff_service.operations.desk_file.desk_file import AttributeEntry
from handoff_service.operations.shared.read_fields import read_as
from handoff_service.rules.desk.attributes import AttributeOwner, AttributePlace, AttributeType
from handoff_service.rules.desk.record_changes import Noun
from handoff_service.rules.shared.phrases import phrase, phrase_in
from handoff_service.rules.shared.vocabulary import Role
from handoff_service.store.desk import attributes
from handoff_service.store.views import Attribute
from handoff_service.web.admin.deleting import Deleting
from handoff_service.web.admin.editor import Editor, Saving, list_variables
from handoff_service.web.admin.pages import Form, admin_page, lines
from handoff_service.web.admin.record_form import WriteNoun
from handoff_service.web.shared.session import desk_of, page

HERE = "/attributes"
OWNERS = {
    AttributeOwner.USER: phrase("Users"),
    AttributeOwner.CONVERSATION: phrase("Conversations"),
}
TYPES = {
    AttributeType.TEXT: phrase("Free text"),
    AttributeType.NUMBER: phrase_in("type of a value", "Number"),
    AttributeType.DATE: phrase("Date"),
    AttributeType.CHOICE: phrase("Choice"),
    AttributeType.YES_NO: phrase("Yes or no"),
}
PLACES = {
    AttributePlace.PANEL: phrase("In the panel beside the conversation"),
    AttributePlace.HEADER: phrase("In the panel and under the conversation's header"),
    AttributePlace.NOWHERE: phrase("Nowhere"),
}
NEW = {
    "key": "",
    "name": "",
    "owner": str(AttributeOwner.CONVERSATION),
    "type": str(AttributeType.TEXT),
    "choices": "",
    "required_to_close": "",
    "shown": str(AttributePlace.PANEL),
}


@page(Role.ADMIN)
async def list_page(request: Request, agent: CurrentAgent) -> HTTPResponse:
    q = (request.args.get("q") or "").strip()[:100]
    found = await desk_of(request).store.read(attributes.list_, q)
    shown = list_variables(found, new=f"{HERE}/new", q=q)
    return await admin_page(
        request, agent, "attributes.html", here=HERE, owners=OWNERS, types=TYPES, **shown
    )


async def _write(saving: Saving[Attribute]) -> WriteNoun:
    given: dict[str, Any] = dict(saving.form.values)
    given["choices"] = lines(given["choices"]) if given["type"] == AttributeType.CHOICE else []
    given["required_to_close"] = bool(given["required_to_close"])
    if saving.stored is not None:
        given |= {"key": saving.stored.key, "owner": saving.stored.owner}
    fields = read_as(AttributeEntry, given).to_fields()
    if saving.id is None:
        return make_attribute, fields
    values = {name: getattr(fields, name) for name in NEW}
    return change_attribute, ChangeAttribute(id=saving.id, values=values)


def _shown(one: Attribute) -> tuple[str, dict[str, str]]:
    return one.name, {
        "key": one.key,
        "name": one.name,
        "owner": str(one.owner),
        "type": str(one.type),
        "choices": "\n".join(one.choices),
        "required_to_close": "1" * one.required_to_close,
        "shown": str(one.shown),
    }


def _extra_context(conn: Connection, _form: Form, one: Attribute | None) -> dict[str, Any]:
    count = 0 if one is None else attributes.count(conn, one.owner, one.key)
    return {
        "one": one,
        "count": count,
        "owners": OWNERS,
        "types": TYPES,
        "places": PLACES,
    }


EDITOR = Editor(
    noun=Noun.ATTRIBUTE,
    valid={"key": "key", "name": "?"},
    list_url=HERE,
    url_prefix=HERE,
    template="attribute.html",
    back_label=phrase("All attributes"),
    new=(phrase("New attribute"), NEW),
    read=attributes.get,
    shown=_shown,
    write=_write,
    delete=lambda _agent, number: (delete_attribute, number),
    deleting=lambda one: Deleting(
        title=phrase("Delete “{name}”?", name=one.name),
        effects=[
            phrase("Stored values remain as text without a type. Agents can no longer set them.")
        ],
        label=phrase("Delete this attribute"),
    ),
    blockers=blockers,
    extra_context=_extra_context,
)
PAGES: dict[str, Any] = {HERE: list_page, **EDITOR.pages()}
POST_HANDLERS: dict[str, Any] = EDITOR.post_handlers()
