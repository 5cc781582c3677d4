"""The admin pages for macros, with which agents make several changes to a conversation at once."""

from collections.abc import Mapping
from typing import Any

from sanic import Request
from sanic.response import HTTPResponse
from sqlalchemy import Connection

from handoff_service.errors import BadInput
from handoff_service.operations.desk.macros import (
    ChangeMacro,
    change_macro,
    delete_macro,
    make_macro,
)
from handoff_service.operations.desk.sign_in import CurrentAgent
from handoff_service.operations.shared.field_types import OneLine
from handoff_service.operations.shared.read_fields import read_as
from handoff_service.rules.delivery.sms_text import segments
from handoff_service.rules.desk.macros import AfterMacro, MacroFields
from handoff_service.rules.desk.record_changes import Noun
from handoff_service.rules.desk.templates import example_of, filled
from handoff_service.rules.shared import durations
from handoff_service.rules.shared.phrases import phrase
from handoff_service.rules.shared.placeholders import PEOPLE
from handoff_service.rules.shared.vocabulary import Role, State
from handoff_service.store.desk import agents, attributes, labels, macros, templates
from handoff_service.store.routing import queues
from handoff_service.store.views import Macro
from handoff_service.web.admin.deleting import Deleting
from handoff_service.web.admin.editor import Editor, Saving, list_variables
from handoff_service.web.admin.pages import Form, admin_page
from handoff_service.web.admin.record_form import WriteNoun
from handoff_service.web.api.bodies import Body
from handoff_service.web.shared.session import desk_of, page

HERE = "/macros"
FIELDS = ("name", "template_id", "label_id", "note", "assign", "state", "hold_for", "then")
STATES: Mapping[str, str] = {
    "": phrase("Leave it as it is"),
    State.ON_HOLD: phrase("Put on hold"),
    State.WORK_IN_PROGRESS: phrase("Take off hold"),
    State.CLOSED_COMPLETE: phrase("Close as complete"),
    State.CLOSED_ABANDONED: phrase("Close as abandoned"),
}
THEN: Mapping[str, str] = {
    AfterMacro.STAY: phrase("Stay in the conversation"),
    AfterMacro.NEXT: phrase("Go to the next conversation"),
}
# the value of ``assign`` for the agent who runs the macro; other values are agent:3 or queue:2,
# with an id
ME = "me"


class _Named(Body):
    name: OneLine


@page(Role.ADMIN)
async def list_page(request: Request, agent: CurrentAgent) -> HTTPResponse:
    q = (request.args.get("q") or "").strip()[:100]
    store = desk_of(request).store
    found = await store.read(macros.list_, q)
    who = example_of(await store.read(attributes.by_field))

    def length(body: str) -> int:
        """Return the number of segments of a template's text to an example requester."""
        return segments(filled(body, who)).count

    given = list_variables(found, new=f"{HERE}/new", q=q) | {"length": length}
    return await admin_page(request, agent, "macros.html", here=HERE, **given)


async def _write(saving: Saving[Macro]) -> WriteNoun:
    values = _values(saving.form)
    if saving.id is None:
        return make_macro, MacroFields(**values)
    return change_macro, ChangeMacro(id=saving.id, values=values)


def _values(form: Form) -> dict[str, Any]:
    """Convert the form to the values of MacroFields. Raises BadInput, which names the wrong form
    field."""
    typed = form.values
    kind, _, record = typed["assign"].partition(":")
    return {
        "name": read_as(_Named, {"name": typed["name"]}).name,
        "template_id": _id(typed["template_id"], "template_id"),
        "label_id": _id(typed["label_id"], "label_id"),
        "note": typed["note"] or None,
        "to_me": kind == ME,
        "to_agent_id": _id(record, "assign") if kind == "agent" else None,
        "to_queue_id": _id(record, "assign") if kind == "queue" else None,
        "state": _one_of(STATES, typed["state"], "state"),
        "hold_for": _hold_for(typed["hold_for"]),
        "then": _one_of(THEN, typed["then"] or AfterMacro.STAY, "then"),
    }


def _id(typed: str, field: str) -> int | None:
    if not typed:
        return None
    if not (typed.isascii() and typed.isdigit() and len(typed) < 16):
        raise BadInput(errors={field: phrase("choose one from the list")})
    return int(typed)


def _one_of[C: str](choices: Mapping[str, str], typed: C, field: str) -> Any:
    found = next((one for one in choices if one == typed), None)
    if found is None:
        raise BadInput(errors={field: phrase("choose one from the list")})
    return found or None


def _hold_for(typed: str) -> Any:
    try:
        return durations.parse(typed) if typed else None
    except ValueError as error:
        raise BadInput(errors={"hold_for": str(error)}) from error


def _shown(one: Macro) -> tuple[str, dict[str, str]]:
    to = {"agent": one.to_agent, "queue": one.to_queue}
    assigned = next((f"{kind}:{who.id}" for kind, who in to.items() if who), "")
    values = {
        "name": one.name,
        "template_id": str(one.template.id) if one.template else "",
        "label_id": str(one.label.id) if one.label else "",
        "note": one.note or "",
        "assign": ME if one.to_me else assigned,
        "state": str(one.state or ""),
        "hold_for": one.hold_for or "",
        "then": str(one.then),
    }
    return one.name, values


def _extra_context(conn: Connection, form: Form, _one: Macro | None) -> dict[str, Any]:
    texts = templates.list_(conn)
    chosen = next((one for one in texts if str(one.id) == form.values["template_id"]), None)
    defined = attributes.by_field(conn)
    text = filled(chosen.body, example_of(defined)) if chosen else ""
    people = [one for one in agents.agents_by_id(conn).values() if one.active]
    return {
        "templates": {"": phrase("Send no text")} | {str(one.id): one.name for one in texts},
        "labels": {"": phrase("Add no label")}
        | {str(one.id): one.name for one in labels.list_(conn)},
        "assignments": {"": phrase("Leave it with its agent"), ME: phrase("The agent who runs it")}
        | {f"agent:{one.id}": one.name for one in people}
        | {
            f"queue:{number}": phrase("Queue: {name}", name=one.name)
            for number, one in queues.list_(conn).items()
        },
        "states": STATES,
        "then": THEN,
        "known": [*PEOPLE, *defined],
        "text": text,
        "text_length": segments(text) if chosen else None,
    }


EDITOR = Editor(
    noun=Noun.MACRO,
    valid={"name": "?", "template_id": "", "note": "?"},
    list_url=HERE,
    url_prefix=HERE,
    template="macro.html",
    back_label=phrase("All macros"),
    new=(phrase("New macro"), dict.fromkeys(FIELDS, "") | {"then": str(AfterMacro.STAY)}),
    read=macros.get,
    shown=_shown,
    write=_write,
    delete=lambda _agent, number: (delete_macro, number),
    deleting=lambda one: Deleting(
        title=phrase("Delete “{name}”", name=one.name),
        effects=[
            phrase(
                "Agents can no longer run it. Conversations that it has changed stay as they are."
            )
        ],
        label=phrase("Delete this macro"),
    ),
    extra_context=_extra_context,
)
PAGES: dict[str, Any] = {HERE: list_page, **EDITOR.pages()}
POST_HANDLERS: dict[str, Any] = EDITOR.post_handlers()
