"""The first step of the set-up. A person with the set-up token creates the first admin's
account."""

import secrets
from typing import Any

from pydantic import BaseModel
from sanic import Request
from sanic.response import HTTPResponse, redirect

from handoff_service.errors import BadInput, Conflict
from handoff_service.lib.slow_work import run_slow
from handoff_service.operations.desk import passwords, sign_in
from handoff_service.operations.desk.set_up import (
    FIRST,
    SHIPPED_NAMES,
    FirstAdmin,
    make_first_admin,
)
from handoff_service.operations.routing import presence
from handoff_service.operations.routing.presence import RecordSignIn
from handoff_service.operations.shared.field_types import Email, OneLine, Password
from handoff_service.operations.shared.read_fields import read_as
from handoff_service.rules.desk.setup_token import opens
from handoff_service.rules.shared.vocabulary import Role
from handoff_service.store.desk.desk import desk_id
from handoff_service.store.desk.set_up import Step, has_admin, next_step
from handoff_service.web.admin.pages import Form, typed
from handoff_service.web.setup.step_page import TITLES, address
from handoff_service.web.shared.devices import device_of
from handoff_service.web.shared.known_browsers import remember
from handoff_service.web.shared.page_language import shown
from handoff_service.web.shared.rendering import form_field, render
from handoff_service.web.shared.same_site import from_this_site
from handoff_service.web.shared.session import desk_of, give_cookie, home_of, signed_in

FIELDS = ("name", "email", "password", "answers")
EMPTY = {"name": "", "email": "", "password": "", "answers": "1"}


class AdminBody(BaseModel):
    name: OneLine
    email: Email
    password: Password


async def start(request: Request) -> HTTPResponse:
    """Redirect an admin to the next step. Before there is an admin, show the first step, or ask for
    the link with the set-up token. Redirect other people to the sign-in or their home page."""
    store = desk_of(request).store
    if not await store.read(has_admin):
        return await _page(request, str(request.args.get("token") or ""), Form(values=EMPTY))
    agent = await signed_in(request)
    if agent is None:
        return redirect("/sign-in?next=/setup")
    if Role.ADMIN not in agent.roles:
        return redirect(home_of(agent))
    return redirect(address(await store.read(next_step)))


async def make_account(request: Request) -> HTTPResponse:
    """Create the first admin, and sign this browser in. Without a valid set-up token, show the page
    that asks for the link."""
    from_this_site(request)
    desk, token = desk_of(request), form_field(request, "token")
    if await desk.store.read(has_admin):
        return redirect("/setup", status=303)
    if not await _opens(request, token):
        return await _page(request, token, Form(values=EMPTY))
    form = typed(request, FIELDS)
    password = form_field(request, "password")
    try:
        body = read_as(AdminBody, {**_given(form), "password": password})
        command = FirstAdmin(
            name=body.name,
            email=body.email,
            password_hash=await run_slow(passwords.hash_password, body.password),
            answers=bool(form.values["answers"]),
            first=shown(FIRST),
            names={str.__str__(one): shown(one) for one in SHIPPED_NAMES},
        )
        agent_id = await desk.store.write(make_first_admin, command)
    except (BadInput, Conflict) as refusal:
        return await _page(request, token, form.with_refusal(refusal), status=refusal.status)
    return await _enter(request, agent_id, body.email)


def _given(form: Form) -> dict[str, str]:
    return {name: form.values[name] for name in ("name", "email")}


async def _enter(request: Request, agent_id: int, email: str) -> HTTPResponse:
    desk, session = desk_of(request), secrets.token_urlsafe(32)
    device = device_of(request.headers.get("user-agent", ""))
    opened = sign_in.OpenSession(agent_id, session, device)
    await desk.store.write(sign_in.open_session, opened)
    await desk.store.write(presence.signed_in, RecordSignIn(agent_id=agent_id, to_work=True))
    response = redirect(address(Step.DESK), status=303)
    give_cookie(desk, response, session)
    remember(request, response, email)
    return response


async def _opens(request: Request, token: str) -> bool:
    desk = desk_of(request)
    id = await desk.store.read(desk_id)
    return any(opens(key, id, token) for key in desk.settings.secret_keys)


async def _page(request: Request, token: str, form: Form, *, status: int = 200) -> HTTPResponse:
    if not await _opens(request, token):
        return render("setup/token.html", status=200, wrong=bool(token))
    return render(
        "setup/account.html",
        status=status,
        form=form,
        token=token,
        steps=TITLES,
        step=Step.ACCOUNT,
        steps_done=[],
        title=TITLES[Step.ACCOUNT],
    )


PAGES: dict[str, Any] = {"/": start}
POST_HANDLERS: dict[str, Any] = {"/account": make_account}
