"""Users: the people whom the desk knows."""

from collections.abc import Mapping
from typing import Any

from sanic import Request
from sanic.response import HTTPResponse

from handoff_service.errors import NotFound, Refusal
from handoff_service.lib.slow_work import run_slow
from handoff_service.operations.desk.sign_in import CurrentAgent
from handoff_service.operations.desk.users import (
    ChangeUser,
    DeleteUser,
    MakeUser,
    change_user,
    delete_user,
    make_user,
)
from handoff_service.operations.identity.knowledge_facts import hashed
from handoff_service.operations.shared.read_fields import read_as
from handoff_service.rules.shared.vocabulary import Role
from handoff_service.store.desk import users
from handoff_service.store.desk.desk import desk_country
from handoff_service.store.desk.users import select_users
from handoff_service.store.engine import tables as t
from handoff_service.store.views import User
from handoff_service.web.admin.pages import (
    PAGE,
    Form,
    admin_page,
    after,
    done,
    lines,
    pairs,
    typed,
)
from handoff_service.web.api.users import NewUserBody, UserBody
from handoff_service.web.shared.session import desk_of, page

HERE, ONE = "/users", "/users/<user_id:int>"
FIELDS = ("external_id", "name", "email", "numbers", "attributes", "facts", "active")
EMPTY = Form(values=dict.fromkeys(FIELDS, ""))


@page(Role.ADMIN)
async def list_page(request: Request, agent: CurrentAgent) -> HTTPResponse:
    q, behind = (request.args.get("q") or "").strip()[:100], after(request)
    found = await desk_of(request).store.read(users.by_name, q, after=behind, limit=PAGE + 1)
    more = {"q": q, "after": found[PAGE - 1].id} if len(found) > PAGE else None
    shown: dict[str, Any] = {
        "rows": found[:PAGE],
        "q": q,
        "first": not behind,
        "next": more,
        "new": f"{HERE}/new",
    }
    return await admin_page(request, agent, "users.html", here=HERE, **shown)


@page(Role.ADMIN)
async def new_page(request: Request, agent: CurrentAgent) -> HTTPResponse:
    return await _form(request, agent, EMPTY)


@page(Role.ADMIN)
async def make(request: Request, agent: CurrentAgent) -> HTTPResponse:
    form = typed(request, FIELDS)
    try:
        country = await desk_of(request).store.read(desk_country)
        body = read_as(NewUserBody, _written(form.values), country)
        values = {name: getattr(body, name) for name in NewUserBody.model_fields}
        values["facts"] = await run_slow(hashed, body.facts, desk_of(request).settings.secret_key)
        user_id = await desk_of(request).store.write(make_user, MakeUser(**values))
    except Refusal as refusal:
        return await _form(request, agent, form.with_refusal(refusal), status=refusal.status)
    return done(request, f"{HERE}/{user_id}", "made")


@page(Role.ADMIN)
async def form_page(request: Request, user_id: int, agent: CurrentAgent) -> HTTPResponse:
    user = await _user(request, user_id)
    values = {
        "external_id": user.external_id,
        "name": user.name,
        "email": user.email or "",
        "numbers": "\n".join(user.numbers),
        "attributes": "\n".join(f"{name} = {value}" for name, value in user.attributes.items()),
        "facts": "",
        "active": "1" if user.active else "",
    }
    return await _form(request, agent, Form(values=values), user)


@page(Role.ADMIN)
async def save(request: Request, user_id: int, agent: CurrentAgent) -> HTTPResponse:
    user, form = await _user(request, user_id), typed(request, FIELDS)
    try:
        written = _written(form.values)
        facts = {name: value or None for name, value in written.pop("facts").items()}
        active = user.active or bool(form.values["active"])
        numbers: dict[str, Any] = {} if active else {"numbers": []}
        given = written | numbers | {"active": active, "facts": facts}
        country = await desk_of(request).store.read(desk_country)
        body = read_as(UserBody, given, country)
        key = desk_of(request).settings.secret_key
        values = body.given() | {"facts": await run_slow(hashed, body.facts or {}, key)}
        await desk_of(request).store.write(
            change_user, ChangeUser(id=user_id, by=agent.id, values=values)
        )
    except Refusal as refusal:
        return await _form(request, agent, form.with_refusal(refusal), user, status=refusal.status)
    return done(request, f"{HERE}/{user_id}")


@page(Role.ADMIN)
async def delete_page(request: Request, user_id: int, agent: CurrentAgent) -> HTTPResponse:
    user = await _user(request, user_id)
    shown: dict[str, Any] = {
        "title": user.name,
        "back": f"{HERE}/{user_id}",
        "deletes": _deletes(user),
    }
    return await admin_page(request, agent, "delete_page.html", here=HERE, **shown)


@page(Role.ADMIN)
async def delete(request: Request, user_id: int, agent: CurrentAgent) -> HTTPResponse:
    deleted = await desk_of(request).store.write(delete_user, DeleteUser(id=user_id, by=agent.id))
    return done(request, HERE, "deleted" if deleted else "deactivated")


def _written(typed_values: Mapping[str, str]) -> dict[str, Any]:
    """Return the form's fields as the API names them."""
    return {
        "external_id": typed_values["external_id"],
        "name": typed_values["name"],
        "email": typed_values["email"] or None,
        "numbers": lines(typed_values["numbers"]),
        "attributes": pairs(typed_values["attributes"], "attributes"),
        "facts": pairs(typed_values["facts"], "facts"),
    }


async def _form(
    request: Request,
    agent: CurrentAgent,
    form: Form,
    user: User | None = None,
    *,
    status: int = 200,
) -> HTTPResponse:
    there = await desk_of(request).store.read(users.fact_names, user.id) if user else []
    shown: dict[str, Any] = {
        "title": user.name if user else "New user",
        "user": user,
        "facts": there,
        "form": form,
        "back": HERE,
        "back_label": "All users",
        "saves": f"{HERE}/{user.id}" if user else f"{HERE}/new",
        "deletes": _deletes(user) if user and user.active else None,
    }
    return await admin_page(request, agent, "user.html", here=HERE, status=status, **shown)


def _deletes(user: User) -> dict[str, Any]:
    return {
        "address": f"{HERE}/{user.id}/delete",
        "label": "Delete this user",
        "title": f"Delete {user.name}?",
        "says": [
            "A user without conversations, cases and messaging profiles is deleted.",
            "Any other user is deactivated: numbers and second facts are removed, messaging "
            "profiles are deactivated, and the history keeps the name. The next text from such a "
            "number is matched again.",
        ],
        "verb": "Delete or deactivate",
    }


async def _user(request: Request, user_id: int) -> User:
    found = await desk_of(request).store.read(select_users, t.users.c.id == user_id)
    if not found:
        raise NotFound(f"There is no user {user_id}.")
    return found[0]


PAGES: dict[str, Any] = {
    HERE: list_page,
    f"{HERE}/new": new_page,
    ONE: form_page,
    f"{ONE}/delete": delete_page,
}
ACTS: dict[str, Any] = {f"{HERE}/new": make, ONE: save, f"{ONE}/delete": delete}
