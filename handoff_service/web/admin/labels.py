"""The admin pages for the labels of conversations, some of which are topics."""

from typing import Any

from sanic import Request
from sanic.response import HTTPResponse
from sqlalchemy import Connection

from handoff_service.operations.desk.labels import (
    ChangeLabel,
    MakeLabel,
    blockers,
    change_label,
    delete_label,
    make_label,
)
from handoff_service.operations.desk.sign_in import CurrentAgent
from handoff_service.operations.desk_file.desk_file import LabelEntry
from handoff_service.operations.shared.read_fields import read_as
from handoff_service.rules.desk.labels import Color
from handoff_service.rules.desk.record_changes import Noun
from handoff_service.rules.shared.phrases import phrase
from handoff_service.rules.shared.vocabulary import Role
from handoff_service.store.desk import labels
from handoff_service.store.views import Label
from handoff_service.web.admin.deleting import Deleting
from handoff_service.web.admin.editor import Editor, Saving, list_variables
from handoff_service.web.admin.pages import Form, admin_page
from handoff_service.web.admin.record_form import WriteNoun
from handoff_service.web.shared.session import desk_of, page
from handoff_service.web.shared.template_filters import words

HERE = "/labels"
COLORS = {color: words(color) for color in Color}


@page(Role.ADMIN)
async def list_page(request: Request, agent: CurrentAgent) -> HTTPResponse:
    q = (request.args.get("q") or "").strip()[:100]
    found = await desk_of(request).store.read(labels.list_, q)
    return await admin_page(
        request, agent, "labels.html", here=HERE, **list_variables(found, new=f"{HERE}/new", q=q)
    )


async def _write(saving: Saving[Label]) -> WriteNoun:
    given = {**saving.form.values, "topic": bool(saving.form.values["topic"])}
    values = read_as(LabelEntry, given).model_dump()
    if saving.id is None:
        return make_label, MakeLabel(**values)
    return change_label, ChangeLabel(id=saving.id, values=values)


def _extra_context(conn: Connection, _form: Form, one: Label | None) -> dict[str, Any]:
    count = 0 if one is None else labels.conversations_with(conn, one.id)
    return {"colors": COLORS, "count": count}


EDITOR = Editor(
    noun=Noun.LABEL,
    valid={"name": "?"},
    list_url=HERE,
    url_prefix=HERE,
    template="label.html",
    back_label=phrase("All labels"),
    new=(phrase("New label"), {"name": "", "color": str(Color.GRAY), "topic": ""}),
    read=labels.get,
    shown=lambda one: (
        one.name,
        {"name": one.name, "color": str(one.color), "topic": "1" * one.topic},
    ),
    write=_write,
    delete=lambda _agent, number: (delete_label, number),
    deleting=lambda one: Deleting(
        title=phrase("Delete “{name}”", name=one.name),
        effects=[
            phrase("It is removed from all conversations. Their history still shows who added it.")
        ],
        label=phrase("Delete this label"),
    ),
    blockers=blockers,
    extra_context=_extra_context,
)
PAGES: dict[str, Any] = {HERE: list_page, **EDITOR.pages()}
POST_HANDLERS: dict[str, Any] = EDITOR.post_handlers()
