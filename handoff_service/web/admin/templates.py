"""The admin pages for templates, which agents insert into the composer."""

from dataclasses import replace
from typing import Any

from sanic import Request
from sanic.response import HTTPResponse
from sqlalchemy import Connection

from handoff_service.context import AppContext
from handoff_service.operations.desk.sign_in import CurrentAgent
from handoff_service.operations.desk.templates import (
    ChangeTemplate,
    MakeTemplate,
    blockers,
    change_template,
    delete_template,
    make_template,
)
from handoff_service.operations.desk_file.desk_file import TemplateEntry
from handoff_service.operations.shared.read_fields import read_as
from handoff_service.rules.desk.record_changes import Noun
from handoff_service.rules.desk.templates import GUEST, NOBODY, example_of
from handoff_service.rules.shared import placeholders
from handoff_service.rules.shared.phrases import phrase
from handoff_service.rules.shared.placeholders import PEOPLE
from handoff_service.rules.shared.vocabulary import Role
from handoff_service.rules.training.suggested_replies import TypedOften
from handoff_service.store.desk import attributes, templates
from handoff_service.store.views import Template
from handoff_service.web.admin.deleting import Deleting
from handoff_service.web.admin.editor import Editor, Saving, list_variables
from handoff_service.web.admin.pages import Form, admin_page
from handoff_service.web.admin.previews import TextPreview
from handoff_service.web.admin.record_form import WriteNoun
from handoff_service.web.shared.session import desk_of, page

HERE = "/templates"
MOST_PROPOSED = 5


@page(Role.ADMIN)
async def list_page(request: Request, agent: CurrentAgent) -> HTTPResponse:
    q = (request.args.get("q") or "").strip()[:100]
    desk = desk_of(request)
    found = await desk.store.read(templates.list_, q)
    return await admin_page(
        request,
        agent,
        "templates.html",
        here=HERE,
        typed_often=await _typed_often(desk),
        **list_variables(found, new=f"{HERE}/new", q=q),
    )


async def _typed_often(desk: AppContext) -> list[TypedOften]:
    """Return texts that agents type often and that are not templates yet."""
    known = [one.body for one in await desk.store.read(templates.list_, "")]
    return desk.replies.index.typed_often(known)[:MOST_PROPOSED]


async def _write(saving: Saving[Template]) -> WriteNoun:
    values = read_as(TemplateEntry, saving.form.values).model_dump()
    if saving.id is None:
        return make_template, MakeTemplate(**values)
    return change_template, ChangeTemplate(id=saving.id, values=values)


def _extra_context(conn: Connection, form: Form, _one: Template | None) -> dict[str, Any]:
    defined = attributes.by_field(conn)
    ann = example_of(defined)
    names, no_name = (
        placeholders.people(one, guest=GUEST, nobody=NOBODY)
        for one in (ann, replace(ann, requester=None))
    )
    previews = [
        TextPreview(label=phrase("To Ann Lee"), values=names),
        TextPreview(label=phrase("To a guest"), values=no_name),
    ]
    known = [*PEOPLE, *defined]
    return {"previews": previews, "known": known, "body": form.values["body"]}


EDITOR = Editor(
    noun=Noun.TEMPLATE,
    valid={"name": "?", "body": "?"},
    list_url=HERE,
    url_prefix=HERE,
    template="template.html",
    back_label=phrase("All templates"),
    new=(phrase("New template"), {"name": "", "body": ""}),
    read=templates.get,
    shown=lambda one: (one.name, {"name": one.name, "body": one.body}),
    write=_write,
    delete=lambda _agent, number: (delete_template, number),
    deleting=lambda one: Deleting(
        title=phrase("Delete “{name}”", name=one.name),
        effects=[
            phrase("Agents can no longer find it. Texts that were sent with it stay as they are.")
        ],
        label=phrase("Delete this template"),
    ),
    blockers=blockers,
    extra_context=_extra_context,
)
PAGES: dict[str, Any] = {HERE: list_page, **EDITOR.pages()}
POST_HANDLERS: dict[str, Any] = EDITOR.post_handlers()
