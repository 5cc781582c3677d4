"""The form of a messaging action, and the action's dry run.

The form works without JavaScript. The buttons that add or remove a condition, update the panels or
start a dry run post the form to its own address. The answer shows the changed form again without
saving it. A script requests only the changed parts, as fragments.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from sanic import Request
from sanic.response import HTTPResponse
from sqlalchemy import Connection

from handoff_service.errors import BadInput
from handoff_service.operations.desk.sign_in import CurrentAgent
from handoff_service.operations.messaging_actions.messaging_actions import (
    ChangeMessagingAction,
    MakeMessagingAction,
    change_messaging_action,
    delete_messaging_action,
    make_messaging_action,
)
from handoff_service.rules.desk.record_changes import Noun
from handoff_service.rules.messaging_actions.action_sentence import Part, parts
from handoff_service.rules.messaging_actions.messaging_actions import (
    DEFAULT_TEXTS,
    PLACEHOLDERS,
    STATES,
    MessagingAction,
)
from handoff_service.rules.shared.phrases import phrase
from handoff_service.rules.shared.vocabulary import Role, State
from handoff_service.store.desk import attributes
from handoff_service.store.messaging_actions import dry_run, messaging_actions
from handoff_service.web.admin import action_ladders, action_panels
from handoff_service.web.admin.action_form import UNITS, ActionForm, fields, of, sent
from handoff_service.web.admin.action_ladders import EVENTS, HERE, ONE
from handoff_service.web.admin.action_panels import DOES, panels, schedule_words
from handoff_service.web.admin.condition_rows import SEVERAL
from handoff_service.web.admin.deleting import Deleting, ask, question
from handoff_service.web.admin.merging import Filled
from handoff_service.web.admin.pages import UNDER, Form, admin_page, done
from handoff_service.web.admin.record_form import RecordForm, Watch, WriteNoun
from handoff_service.web.shared.page_language import shown
from handoff_service.web.shared.page_shell import shell_context
from handoff_service.web.shared.rendering import form_field, render
from handoff_service.web.shared.session import desk_of, page
from handoff_service.web.shared.template_filters import words

ASIDE = ("add", "remove", "refresh", "dry_run")  # buttons that do not save


@page(Role.ADMIN)
async def new_page(request: Request, agent: CurrentAgent) -> HTTPResponse:
    empty = of(None)
    was = Filled(version=0, values=empty.flat().values)
    return await _form_page(request, agent, _with(empty, was), None)


@page(Role.ADMIN)
async def form_page(request: Request, agent: CurrentAgent, action_id: int) -> HTTPResponse:
    read = desk_of(request).store.read
    stored = await read(messaging_actions.get, action_id)
    was = await read(_watch(action_id).filled)
    return await _form_page(request, agent, _with(of(stored.action), was), action_id)


@page(Role.ADMIN)
async def make(request: Request, agent: CurrentAgent) -> HTTPResponse:
    return await _save(request, agent, None)


@page(Role.ADMIN)
async def change(request: Request, agent: CurrentAgent, action_id: int) -> HTTPResponse:
    await desk_of(request).store.read(messaging_actions.get, action_id)
    return await _save(request, agent, action_id)


def _watch(action_id: int) -> Watch:
    def read(conn: Connection) -> Mapping[str, str]:
        return of(messaging_actions.get(conn, action_id).action).flat().values

    return Watch(noun=Noun.MESSAGING_ACTION, record=action_id, read=read)


def _with(form: ActionForm, was: Filled | None) -> ActionForm:
    return replace(form, form=replace(form.form, was=was))


async def _save(request: Request, agent: CurrentAgent, action_id: int | None) -> HTTPResponse:
    defined = await desk_of(request).store.read(attributes.by_field)
    form = sent(request).with_attributes(defined)
    if any(form_field(request, name) for name in ASIDE):
        ran = await _run(request, form) if form_field(request, "dry_run") else {}
        again = _with(form.changed(request), Filled.sent(request))
        return await _form_page(request, agent, again, action_id, **ran)

    async def write(flat: Form) -> WriteNoun:
        action = ActionForm.of_flat(flat, defined).read()
        if action_id is None:
            return make_messaging_action, MakeMessagingAction(action=action)
        values = {name: getattr(action, name) for name in MessagingAction.__dataclass_fields__}
        return change_messaging_action, ChangeMessagingAction(id=action_id, values=values)

    outcome = await RecordForm(
        request=request,
        form=form.flat(),
        write=write,
        watch=None if action_id is None else _watch(action_id),
        valid={**of(None).flat().values, "name": "?", "text": "?"},
    ).save()
    if outcome.form is not None:
        again = ActionForm.of_flat(outcome.form, defined)
        return await _form_page(request, agent, again, action_id, status=outcome.status)
    return done(request, HERE, "made" if action_id is None else "saved")


@page(Role.ADMIN)
async def follow(request: Request, agent: CurrentAgent) -> HTTPResponse:
    """Return the panels for the current form. With ``rows``, also return the rows of its
    conditions."""
    form = sent(request).changed(request)
    values = await _shown(request, form, _edited(request))
    rows, removed = bool(request.args.get("rows")), bool(form_field(request, "remove"))
    return render("admin/action_follow.html", under=UNDER, rows=rows, removed=removed, **values)


@page(Role.ADMIN)
async def try_out(request: Request, agent: CurrentAgent) -> HTTPResponse:
    """Return the result of a dry run as a fragment."""
    shell = await shell_context(request, agent, place="admin")
    return render(
        "admin/action_dry_run.html", under=UNDER, **shell, **await _run(request, sent(request))
    )


@page(Role.ADMIN)
async def delete_page(request: Request, agent: CurrentAgent, action_id: int) -> HTTPResponse:
    stored = await desk_of(request).store.read(messaging_actions.get, action_id)
    deletes = _deletes(stored)
    return await ask(request, agent, deletes, here=HERE, back=f"{HERE}/{action_id}")


@page(Role.ADMIN)
async def delete(request: Request, agent: CurrentAgent, action_id: int) -> HTTPResponse:
    await desk_of(request).store.write(delete_messaging_action, action_id)
    return done(request, HERE, "deleted")


async def _form_page(
    request: Request,
    agent: CurrentAgent,
    form: ActionForm,
    action_id: int | None,
    *,
    status: int = 200,
    **ran: Any,
) -> HTTPResponse:
    values = await _shown(request, form, action_id)
    stored = values["desk_now"].stored.get(action_id or 0)
    given = {
        "title": stored.action.name if stored else phrase("New messaging action"),
        "back": HERE,
        "back_label": phrase("All messaging actions"),
        "saves": f"{HERE}/{action_id}" if action_id else f"{HERE}/new",
        "deletes": _deletes(stored) if stored else None,
        "ran": None,
        "cannot_run": "",
        "removed": False,
        "history": []
        if action_id is None
        else await desk_of(request).store.read(_watch(action_id).history),
    }
    return await admin_page(
        request, agent, "messaging_action.html", here=HERE, status=status, **given | values | ran
    )


async def _shown(request: Request, typed: ActionForm, action_id: int | None) -> dict[str, Any]:
    """Return the variables of the form and its panels."""
    now = await desk_of(request).store.read(action_panels.desk)
    typed = typed.with_attributes(now.attributes)
    offers = action_panels.offers(now, typed)
    fitting = typed.fitting(offers)
    known = fields(offers, typed.defined)
    return {
        "desk_now": now,
        "action_id": action_id,
        "form": typed.form,
        "conditions": fitting.rows,
        "offers": offers,
        "fields": known.labels,
        "operators_of": known.operators,
        "default_texts": DEFAULT_TEXTS,
        "rows_address": f"{HERE}/follow?rows=1&id={action_id or ''}",
        "free": known.free,
        "conditions_title": phrase("Conditions when the timer ends"),
        "no_conditions": phrase("No conditions: the action always runs."),
        "conditions_hint": phrase(
            "With a condition on minutes left, the action waits until the target "
            "has that many minutes left. 0: when the target is missed; -30: half an hour later."
        ),
        "several": SEVERAL,
        "panels": panels(now, fitting, action_id),
        "parts": _parts,
        "schedules": schedule_words(now, typed),
        "units": UNITS,
        "events": EVENTS,
        "does": DOES,
        "states": {str(one): words(one) for one in State if one in STATES},
        "placeholders": [*PLACEHOLDERS, *now.attributes],
    }


def _parts(words: str) -> list[Part]:
    """Split an action's sentence, in the language of the page, into its parts."""
    return parts(shown(words))


async def _run(request: Request, form: ActionForm) -> dict[str, Any]:
    defined = await desk_of(request).store.read(attributes.by_field)
    try:
        named = replace(form, form=action_panels.named(form))
        action = named.with_attributes(defined).read()
    except BadInput as wrong:
        return {"ran": None, "cannot_run": next(iter(wrong.errors.values()))}
    return {
        "ran": await desk_of(request).store.for_long_requests().read(dry_run.dry_run, action),
        "cannot_run": "",
    }


def _edited(request: Request) -> int | None:
    given = request.args.get("id") or ""
    return int(given) if given.isascii() and given.isdigit() and len(given) < 16 else None


def _deletes(stored: messaging_actions.StoredAction) -> Mapping[str, Any]:
    deleting = Deleting(
        title=phrase("Delete “{name}”?", name=stored.action.name),
        effects=[
            phrase("Its running timers end. Messages that it wrote stay in the conversations.")
        ],
        label=phrase("Delete this action"),
        verb=phrase("Delete it"),
    )
    return question(deleting, f"{HERE}/{stored.id}/delete")


PAGES: dict[str, Any] = {
    **action_ladders.PAGES,
    f"{HERE}/new": new_page,
    ONE: form_page,
    f"{ONE}/delete": delete_page,
}
POST_HANDLERS: dict[str, Any] = {
    **action_ladders.POST_HANDLERS,
    f"{HERE}/new": make,
    f"{HERE}/follow": follow,
    f"{HERE}/dry-run": try_out,
    ONE: change,
    f"{ONE}/delete": delete,
}
