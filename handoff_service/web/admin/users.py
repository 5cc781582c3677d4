"""The admin pages for users, the people whom the desk knows."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

import sqlalchemy as sa
from sanic import Request
from sanic.response import HTTPResponse, redirect
from sqlalchemy import Connection

from handoff_service.clock import now
from handoff_service.errors import BadInput, NotFound
from handoff_service.lib.slow_work import run_slow
from handoff_service.operations.desk.sign_in import CurrentAgent
from handoff_service.operations.desk.users import (
    ChangeUser,
    DeleteUser,
    MakeUser,
    change_user,
    delete_user,
    has_history,
    make_user,
)
from handoff_service.operations.identity.knowledge_facts import hashed
from handoff_service.operations.shared.read_fields import read_as
from handoff_service.rules.desk.attribute_filters import LONGEST, choices, narrowed
from handoff_service.rules.desk.attributes import AttributeOwner
from handoff_service.rules.desk.record_changes import Noun
from handoff_service.rules.shared.phrases import phrase
from handoff_service.rules.shared.vocabulary import Role
from handoff_service.store.desk import attributes, users
from handoff_service.store.desk.desk import desk_country
from handoff_service.store.desk.user_merges import merged_into
from handoff_service.store.desk.users import select_users
from handoff_service.store.engine import tables as t
from handoff_service.store.views import User
from handoff_service.web.admin.deleting import Deleting
from handoff_service.web.admin.editor import Editor, Saving
from handoff_service.web.admin.pages import PAGE, UNDER, Form, admin_page, after, lines, pairs
from handoff_service.web.admin.record_form import WriteNoun
from handoff_service.web.api.users import NewUserBody, UserBody
from handoff_service.web.shared.attribute_fields import INPUTS, sent_values
from handoff_service.web.shared.session import desk_of, page

HERE = "/users"
FIELDS = ("name", "external_id", "email", "numbers", "attributes", "facts", "active")


@page(Role.ADMIN)
async def list_page(request: Request, agent: CurrentAgent) -> HTTPResponse:
    """List the users. ``attribute`` and ``value`` form an attribute filter (see ``narrowed``)."""
    q, behind = (request.args.get("q") or "").strip()[:100], after(request)
    attribute, value = (
        (request.args.get(name) or "").strip()[:LONGEST] for name in ("attribute", "value")
    )

    def read(conn: Connection) -> dict[str, Any]:
        defined = attributes.definitions(conn, AttributeOwner.USER)
        found, wrong = [], ""
        try:
            where = _with_attribute(conn, narrowed(attribute, value)) if attribute else None
            found = users.by_name(conn, q, after=behind, limit=PAGE + 1, where=where)
        except BadInput as error:
            wrong = error.errors["attribute"]
        return {"rows": found, "wrong": wrong, "attributes": choices(defined)}

    found = await desk_of(request).store.read(read)
    kept = {"q": q, "attribute": attribute, "value": value}
    filters = {name: given for name, given in kept.items() if given}
    rows = found["rows"]
    values: dict[str, Any] = {
        **found,
        "rows": rows[:PAGE],
        "q": q,
        "filters": filters,
        "first": not behind,
        "next": filters | {"after": rows[PAGE - 1].id} if len(rows) > PAGE else None,
        "new": f"{HERE}/new",
    }
    status = 400 if found["wrong"] else 200
    return await admin_page(request, agent, "users.html", here=HERE, status=status, **values)


def _with_attribute(conn: Connection, written: str) -> sa.ColumnElement[bool]:
    return attributes.users_with(attributes.filter_of(conn, written, AttributeOwner.USER))


def _read(conn: Connection, user_id: int) -> User:
    found = select_users(conn, t.users.c.id == user_id)
    if not found:
        raise NotFound(phrase("There is no user {id}.", id=user_id))
    return found[0]


def _shown(user: User) -> tuple[str, dict[str, str]]:
    return user.name, {
        "name": user.name,
        "external_id": user.external_id,
        "email": user.email or "",
        "numbers": "\n".join(user.numbers),
        "attributes": _in_order(f"{name} = {value}" for name, value in user.attributes.items()),
        "facts": "",
        "active": "1" if user.active else "",
    }


def _in_order(given: Iterable[str]) -> str:
    """Join lines of attributes, sorted by key. The order makes an unchanged form equal to the
    stored values."""
    return "\n".join(sorted(given, key=lambda line: line.partition("=")[0].strip()))


def _typed(request: Request, form: Form) -> Form:
    """Return the form with one text of all attributes. Add the attributes that have their own
    controls to the text of the others."""
    sent = sent_values(request)
    own = [f"{key} = {value}" for key, value in sent.items() if value is not None]
    every = _in_order([*own, *lines(form.values["attributes"])])
    return replace(form, values={**form.values, "attributes": every})


def _controls(conn: Connection, form: Form) -> dict[str, Any]:
    """Return the template variables for attributes: the controls of defined attributes with their
    values, and the text of all other attributes."""
    defined = attributes.definitions(conn, AttributeOwner.USER)
    values, others = {}, []
    for line in lines(form.values["attributes"]):
        key, equals, value = (part.strip() for part in line.partition("="))
        if equals and key in defined and key not in values:
            values[key] = value
        else:
            others.append(line)
    return {
        "controls": [(one, values.get(key, "")) for key, one in defined.items()],
        "other_attributes": "\n".join(others),
        "inputs": INPUTS,
    }


async def _write(saving: Saving[User]) -> WriteNoun:
    desk = desk_of(saving.request)
    country, key = await desk.store.read(desk_country), desk.settings.secret_key
    given = _given(saving.form.values)
    if saving.id is None or saving.stored is None:
        made = read_as(NewUserBody, given, country)
        values = {name: getattr(made, name) for name in NewUserBody.model_fields}
        values["facts"] = await run_slow(hashed, made.facts, key)
        return make_user, MakeUser(**values)
    given["facts"] = {name: value or None for name, value in given["facts"].items()}
    given["active"] = saving.stored.active or bool(saving.form.values["active"])
    if not given["active"]:
        given["numbers"] = []
    changed = read_as(UserBody, given, country)
    values = changed.given() | {"facts": await run_slow(hashed, changed.facts or {}, key)}
    return change_user, ChangeUser(id=saving.id, by=saving.agent.id, values=values)


def _given(typed_values: Mapping[str, str]) -> dict[str, Any]:
    """Convert the form's values to the fields of the API's bodies."""
    return {
        "external_id": typed_values["external_id"],
        "name": typed_values["name"],
        "email": typed_values["email"] or None,
        "numbers": lines(typed_values["numbers"]),
        "attributes": pairs(typed_values["attributes"], "attributes"),
        "facts": pairs(typed_values["facts"], "facts"),
    }


def _extra_context(conn: Connection, form: Form, user: User | None) -> dict[str, Any]:
    return _controls(conn, form) | {
        "user": user,
        "facts": users.fact_names(conn, user.id) if user else [],
        "merges": merged_into(conn, user.id) if user else [],
        "now": now(),
    }


def _deleting(user: User) -> Deleting | None:
    if not user.active:
        return None
    return Deleting(
        title=phrase("Delete {name}?", name=user.name),
        effects=[
            phrase("No conversation, case or messaging profile mentions {name}.", name=user.name)
        ],
        label=phrase("Delete this user"),
    )


def _deactivating(user: User) -> Deleting:
    return Deleting(
        title=phrase("Deactivate {name}?", name=user.name),
        effects=[
            phrase(
                "Conversations, cases or messaging profiles mention {name}. Therefore the user is "
                "deactivated instead of deleted, and these records keep the name.",
                name=user.name,
            ),
            phrase(
                "The user's numbers and identity facts are removed, and messaging profiles are "
                "deactivated. The next new conversation with one of the numbers is matched again."
            ),
        ],
        label=phrase("Delete this user"),
        verb=phrase("Deactivate this user"),
    )


EDITOR = Editor(
    noun=Noun.USER,
    valid={"external_id": "?", "name": "?"},
    list_url=HERE,
    url_prefix=HERE,
    template="user.html",
    back_label=phrase("All users"),
    new=(phrase("New user"), dict.fromkeys(FIELDS, "")),
    read=_read,
    shown=_shown,
    write=_write,
    delete=lambda agent, number: (delete_user, DeleteUser(id=number, by=agent.id)),
    deleting=_deleting,
    has_history=has_history,
    deactivating=_deactivating,
    extra_context=_extra_context,
    typed=_typed,
    returns_to_form=True,
    audits_views=True,
)
_FORMS = EDITOR.pages()
_ONE = f"{HERE}/<number:int>"


async def one_page(request: Request, number: int) -> HTTPResponse:
    """Return the user's form. If the user was merged into another one, redirect to the user that
    was kept."""
    kept = await desk_of(request).store.read(users.stays_for, number)
    if kept != number:
        return redirect(f"{UNDER}{HERE}/{kept}?done=moved")
    answer: HTTPResponse = await _FORMS[_ONE](request, number=number)
    return answer


PAGES: dict[str, Any] = {HERE: list_page, **_FORMS, _ONE: one_page}
POST_HANDLERS: dict[str, Any] = EDITOR.post_handlers()
