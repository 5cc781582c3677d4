"""The page of an agent's own second factors: the authenticator app, backup codes and passkeys.

Changing them requires a sign-in within the last 15 minutes. Therefore somebody who finds an open
session cannot change them."""

from datetime import timedelta
from typing import Any

from sanic import Request
from sanic.response import HTTPResponse, json, redirect

from handoff_service.errors import BadInput, Conflict, NotAllowed, NotFound, TooManyAttempts
from handoff_service.lib import passkey_checks
from handoff_service.lib.passkey_checks import site_of
from handoff_service.operations.desk import sign_in_steps
from handoff_service.operations.desk.second_factors import (
    RemovePasskey,
    remove_authenticator,
    remove_passkey,
)
from handoff_service.operations.desk.sign_in import (
    CurrentAgent,
    end_session,
    mark_second_factor,
)
from handoff_service.operations.desk.sign_in_steps import KeepStep, StepKind, StepToken
from handoff_service.rules.shared.phrases import phrase
from handoff_service.store.desk import second_factors
from handoff_service.store.desk.desk import desk_name_and_zone
from handoff_service.web.shared.page_shell import shell_context
from handoff_service.web.shared.rendering import done_or_redirect, form_field, render
from handoff_service.web.shared.session import (
    ANYONE,
    cookie_token,
    desk_of,
    page,
    take_cookie,
)
from handoff_service.web.workspace.new_passkeys import NEXT, add, options_to_add
from handoff_service.web.workspace.second_factor import (
    app_to_scan,
    confirm_code,
    new_backup_codes,
    wrong_code,
)

HERE = "/workspace/account/two-factor"
FRESH = timedelta(minutes=15)
STALE = phrase(
    "Sign in again first. To change this, you must have signed in within the last 15 minutes."
)
DONE = {
    "app_removed": phrase("Authenticator app removed"),
    "passkey": phrase("Passkey added"),
    "passkey_removed": phrase("Passkey removed"),
}


@page(*ANYONE)
async def two_factor_page(request: Request, agent: CurrentAgent) -> HTTPResponse:
    return await _page(request, agent)


@page(*ANYONE)
async def sign_in_again(request: Request, agent: CurrentAgent) -> HTTPResponse:
    """End only this session. The next sign-in leads back to this page."""
    desk = desk_of(request)
    await desk.store.write(end_session, cookie_token(request) or "")
    response = redirect(f"/sign-in?again=1&next={HERE}", status=303)
    take_cookie(desk, response)
    return response


@page(*ANYONE)
async def begin_app(request: Request, agent: CurrentAgent) -> HTTPResponse:
    _fresh(request, agent)
    return await _scan(request, agent)


@page(*ANYONE)
async def confirm_app(request: Request, agent: CurrentAgent) -> HTTPResponse:
    _fresh(request, agent)
    try:
        left = await confirm_code(request, agent.id, agent.email)
    except TooManyAttempts as refusal:
        return await _scan(request, agent, wrong=refusal.detail, status=refusal.status)
    if left is not None:
        wrong = wrong_code(left)
        return await _scan(request, agent, wrong=wrong, status=400)
    await _proved(request)
    return await _page(request, agent, codes=await new_backup_codes(desk_of(request), agent.id))


@page(*ANYONE)
async def remove_app(request: Request, agent: CurrentAgent) -> HTTPResponse:
    _fresh(request, agent)
    try:
        await desk_of(request).store.write(remove_authenticator, agent.id)
    except (Conflict, NotFound) as refusal:
        return await _page(request, agent, wrong=refusal.detail, status=refusal.status)
    return done_or_redirect(request, f"{HERE}?done=app_removed")


@page(*ANYONE)
async def make_codes(request: Request, agent: CurrentAgent) -> HTTPResponse:
    _fresh(request, agent)
    return await _page(request, agent, codes=await new_backup_codes(desk_of(request), agent.id))


@page(*ANYONE)
async def passkey_options(request: Request, agent: CurrentAgent) -> HTTPResponse:
    """Return the options for the browser to create a passkey. Store their challenge under a token
    that belongs to the session."""
    _fresh(request, agent)
    desk, challenge = desk_of(request), passkey_checks.new_challenge()
    token = _challenge_token(request)
    await desk.store.write(sign_in_steps.take_step, StepToken(token, StepKind.NEW_PASSKEY))
    data = {"challenge": challenge}
    kept = KeepStep(token=token, kind=StepKind.NEW_PASSKEY, agent_id=agent.id, data=data)
    await desk.store.write(sign_in_steps.keep_step, kept)
    return json(await options_to_add(request, agent.id, challenge))


@page(*ANYONE)
async def passkey_added(request: Request, agent: CurrentAgent) -> HTTPResponse:
    _fresh(request, agent)
    desk = desk_of(request)
    which = StepToken(_challenge_token(request), StepKind.NEW_PASSKEY)
    step = await desk.store.write(sign_in_steps.take_step, which)
    if step is None or step.agent_id != agent.id:
        raise BadInput(phrase("Adding the passkey took too long. Try again."))
    await add(request, agent.id, str(step.data["challenge"]))
    await _proved(request)
    return json({"to": NEXT})


@page(*ANYONE)
async def remove_one_passkey(request: Request, agent: CurrentAgent) -> HTTPResponse:
    _fresh(request, agent)
    number = form_field(request, "id")
    asked = int(number) if number.isascii() and number.isdigit() and len(number) < 16 else 0
    try:
        await desk_of(request).store.write(remove_passkey, RemovePasskey(agent.id, asked))
    except (Conflict, NotFound) as refusal:
        return await _page(request, agent, wrong=refusal.detail, status=refusal.status)
    return done_or_redirect(request, f"{HERE}?done=passkey_removed")


def is_fresh(request: Request, agent: CurrentAgent) -> bool:
    """Return whether the agent signed in recently enough to change second factors."""
    now = desk_of(request).clock()
    return agent.authenticated_at is not None and now - agent.authenticated_at < FRESH


def _fresh(request: Request, agent: CurrentAgent) -> None:
    if not is_fresh(request, agent):
        raise NotAllowed(STALE)


def _challenge_token(request: Request) -> str:
    return f"{cookie_token(request)}|new passkey"


async def _proved(request: Request) -> None:
    await desk_of(request).store.write(mark_second_factor, cookie_token(request) or "")


async def _scan(
    request: Request, agent: CurrentAgent, *, wrong: str = "", status: int = 200
) -> HTTPResponse:
    desk = desk_of(request)
    name = (await desk.store.read(desk_name_and_zone))[0]
    scan = await app_to_scan(desk, agent.id, agent.email, name)
    return await _page(request, agent, scan=scan | {"wrong": wrong}, status=status)


async def _page(
    request: Request,
    agent: CurrentAgent,
    *,
    scan: dict[str, str] | None = None,
    codes: list[str] | None = None,
    wrong: str = "",
    status: int = 200,
) -> HTTPResponse:
    """Render the page. ``scan``: the authenticator app to set up. ``codes``: new backup codes to
    show."""
    desk = desk_of(request)
    shell = await shell_context(request, agent, place="account")
    shown: dict[str, Any] = {
        "factor": await desk.store.read(second_factors.second_factor_of, agent.id),
        "fresh": is_fresh(request, agent),
        "can_have_passkeys": site_of(desk.settings.public_url) is not None,
        "scan": scan,
        "codes": codes,
        "wrong": wrong,
        "done": DONE.get(request.args.get("done") or "", ""),
    }
    return render("two_factor.html", status=status, **shell | shown)


PAGES: dict[str, Any] = {"/account/two-factor": two_factor_page}
POST_HANDLERS: dict[str, Any] = {
    "/account/two-factor/sign-in-again": sign_in_again,
    "/account/two-factor/app": begin_app,
    "/account/two-factor/app/confirm": confirm_app,
    "/account/two-factor/app/remove": remove_app,
    "/account/two-factor/codes": make_codes,
    "/account/two-factor/passkeys/options": passkey_options,
    "/account/two-factor/passkeys": passkey_added,
    "/account/two-factor/passkeys/remove": remove_one_passkey,
}
