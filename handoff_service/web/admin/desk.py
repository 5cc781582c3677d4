"""The page of the desk settings, and the forms of presence states and reject reasons."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from typing import Any

from sanic import Request
from sanic.response import HTTPResponse
from sqlalchemy import Connection

from handoff_service.errors import NotFound
from handoff_service.operations.desk.desk_fields import DeskEntry
from handoff_service.operations.desk.desk_settings import (
    PutPresence,
    PutReason,
    change_desk,
    delete_presence_state,
    delete_reject_reason,
    presence_blockers,
    put_presence_state,
    put_reject_reason,
    reason_blockers,
)
from handoff_service.operations.desk.sign_in import CurrentAgent
from handoff_service.operations.desk_file.desk_file import PresenceStateEntry, RejectReasonEntry
from handoff_service.operations.shared.read_fields import read_as
from handoff_service.operations.shared.record_changes import ONLY
from handoff_service.rules.desk.record_changes import Noun
from handoff_service.rules.shared.phrases import phrase
from handoff_service.rules.shared.vocabulary import Role
from handoff_service.rules.virtual_agent.commands import Command, with_shipped
from handoff_service.store.desk import desk
from handoff_service.store.views import PresenceState, RejectReason
from handoff_service.web.admin.deleting import Deleting
from handoff_service.web.admin.editor import Editor, Saving
from handoff_service.web.admin.pages import Form, admin_page, done, lines, typed
from handoff_service.web.admin.record_form import RecordForm, Watch, WriteNoun
from handoff_service.web.admin.region_choices import COUNTRIES, TIME_ZONES
from handoff_service.web.shared.session import desk_of, page

HERE = "/desk"
COMMANDS = {f"{command}_words": command for command in Command}  # each command has its own field
SWITCHES = ("reassign_when_away", "queue_unanswerable", "ask_topic")
#: fields of the desk that are on another page (sign_in.py)
ELSEWHERE = ("password_off_roles", "second_factor_roles")
NAMES = (
    *(name for name in DeskEntry.model_fields if name not in ("commands", *ELSEWHERE)),
    *COMMANDS,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class NumberField:
    """A number field on the page."""

    name: str
    label: str
    hint: str
    digits: int  #: how many digits the largest allowed value has


def _number_fields() -> list[NumberField]:
    """Return a field for each number in ``DeskEntry`` that has a title."""
    largest = {
        name: s.get("maximum", 0) for name, s in DeskEntry.model_json_schema()["properties"].items()
    }
    return [
        NumberField(
            name=name, label=f.title, hint=f.description or "", digits=len(str(largest[name]))
        )
        for name, f in DeskEntry.model_fields.items()
        if f.title
    ]


def _values(conn: Connection) -> dict[str, str]:
    """Return the form's values for the stored desk."""
    now = desk.desk(conn)
    stored = DeskEntry(name="Patchboard").model_dump() if now is None else now
    words = with_shipped(stored["commands"])
    values = {
        name: "" if stored[name] is None else str(stored[name])
        for name in NAMES
        if name not in COMMANDS
    }
    values |= {name: "1" * stored[name] for name in SWITCHES}
    values |= {"card_fields": "\n".join(stored["card_fields"])}
    values |= {"countries": ", ".join(stored["countries"])}
    return values | {name: ", ".join(words[command]) for name, command in COMMANDS.items()}


WATCH = Watch(noun=Noun.DESK, record=ONLY, read=_values)


@page(Role.ADMIN)
async def desk_page(request: Request, agent: CurrentAgent) -> HTTPResponse:
    was = await desk_of(request).store.read(WATCH.filled)
    return await _form(request, agent, Form(values=was.values, was=was))


@page(Role.ADMIN)
async def save_desk(request: Request, agent: CurrentAgent) -> HTTPResponse:
    # a number that is missing from the form keeps its value
    absent = {f.name for f in _number_fields() if f.name not in (request.form or {})}

    async def write(form: Form) -> WriteNoun:
        entry = read_as(DeskEntry, _given(form.values, absent))
        return change_desk, entry.model_dump(exclude_unset=True)

    form = typed(request, [name for name in NAMES if name not in absent])
    outcome = await RecordForm(request=request, form=form, write=write, watch=WATCH).save()
    if outcome.form is None:
        return done(request, HERE)
    now = await desk_of(request).store.read(_values)
    merged = replace(outcome.form, values=now | dict(outcome.form.values))
    return await _form(request, agent, merged, status=outcome.status)


def _given(typed: Mapping[str, str], absent: Collection[str]) -> dict[str, Any]:
    """Convert the form's values to the fields of a desk file."""
    given: dict[str, Any] = {
        name: value for name, value in typed.items() if name not in {*COMMANDS, *absent}
    }
    given |= {name: bool(given[name]) for name in SWITCHES}
    given["card_fields"] = lines(given["card_fields"])
    given["countries"] = [code.upper() for code in lines(given["countries"].replace(",", "\n"))]
    given["commands"] = {
        command: lines(typed[name].replace(",", "\n")) for name, command in COMMANDS.items()
    }
    return given


async def _form(
    request: Request, agent: CurrentAgent, form: Form, *, status: int = 200
) -> HTTPResponse:
    read = desk_of(request).store.read
    return await admin_page(
        request,
        agent,
        "desk.html",
        here=HERE,
        status=status,
        form=form,
        time_zones=TIME_ZONES,
        countries=COUNTRIES,
        number_fields=_number_fields(),
        presence_states=await read(desk.presence_states),
        reject_reasons=await read(desk.reject_reasons),
        history=await read(WATCH.history),
    )


def _presence(conn: Connection, state_id: int) -> PresenceState:
    return _found(
        [one for one in desk.presence_states(conn) if one.id == state_id],
        phrase("There is no presence state {id}.", id=state_id),
    )


def _reason(conn: Connection, reason_id: int) -> RejectReason:
    return _found(
        [one for one in desk.reject_reasons(conn) if one.id == reason_id],
        phrase("There is no reason {id}.", id=reason_id),
    )


def _found[T](found: list[T], missing: str) -> T:
    if not found:
        raise NotFound(missing)
    return found[0]


async def _write_presence(saving: Saving[PresenceState]) -> WriteNoun:
    given = {**saving.form.values, "takes_work": bool(saving.form.values["takes_work"])}
    return put_presence_state, PutPresence(
        id=saving.id, **read_as(PresenceStateEntry, given).model_dump()
    )


async def _write_reason(saving: Saving[RejectReason]) -> WriteNoun:
    given = {**saving.form.values, "again": bool(saving.form.values["again"])}
    return put_reject_reason, PutReason(
        id=saving.id, **read_as(RejectReasonEntry, given).model_dump()
    )


PRESENCE = Editor(
    noun=Noun.PRESENCE_STATE,
    valid={"name": "?"},
    list_url=HERE,
    url_prefix="/presence-states",
    template="presence_state.html",
    back_label=phrase("Desk settings"),
    new=(phrase("New presence state"), {"name": "", "takes_work": ""}),
    read=_presence,
    shown=lambda one: (one.name, {"name": one.name, "takes_work": "1" * one.takes_work}),
    write=_write_presence,
    delete=lambda _agent, number: (delete_presence_state, number),
    blockers=presence_blockers,
    deleting=lambda one: Deleting(
        title=phrase("Delete {name}", name=one.name),
        effects=[phrase("Agents can no longer choose it.")],
        label=phrase("Delete this presence state"),
    ),
)
REASONS = Editor(
    noun=Noun.REJECT_REASON,
    valid={"words": "?"},
    list_url=HERE,
    url_prefix="/reject-reasons",
    template="reject_reason.html",
    back_label=phrase("Desk settings"),
    new=(phrase("New reason"), {"words": "", "again": "1"}),
    read=_reason,
    shown=lambda one: (one.words, {"words": one.words, "again": "1" * one.again}),
    write=_write_reason,
    delete=lambda _agent, number: (delete_reject_reason, number),
    blockers=reason_blockers,
    deleting=lambda one: Deleting(
        title=phrase("Delete “{name}”", name=one.words),
        effects=[
            phrase(
                "Agents can no longer choose it. Offers that were rejected for this reason keep it."
            )
        ],
        label=phrase("Delete this reason"),
    ),
)
PAGES: dict[str, Any] = {HERE: desk_page, **PRESENCE.pages(), **REASONS.pages()}
POST_HANDLERS: dict[str, Any] = {
    HERE: save_desk,
    **PRESENCE.post_handlers(),
    **REASONS.post_handlers(),
}
