"""The pages of the second sign-in step: they ask for a one-time code, or set up a second factor
that the role requires."""

from dataclasses import replace
from typing import Any

from sanic import Blueprint, Request
from sanic.response import HTTPResponse, redirect

from handoff_service.context import AppContext
from handoff_service.errors import NotSignedIn, TooManyAttempts
from handoff_service.lib import one_time_codes
from handoff_service.lib.passkey_checks import site_of
from handoff_service.lib.slow_work import run_slow
from handoff_service.operations.desk.second_factors import (
    AgentCode,
    BeginAuthenticator,
    ReplaceBackupCodes,
    begin_authenticator,
    confirm_authenticator,
    replace_backup_codes,
)
from handoff_service.operations.desk.sign_in_steps import Step, StepKind
from handoff_service.rules.shared.phrases import count_phrase
from handoff_service.store.desk.second_factors import second_factor_of
from handoff_service.web.shared.desk_facts import desk_facts
from handoff_service.web.shared.password_attempts import CODE, count_and_check, visitor_of
from handoff_service.web.shared.rendering import form_field, render
from handoff_service.web.shared.same_site import from_this_site
from handoff_service.web.shared.second_step import (
    Admitted,
    NewSession,
    current_step,
    end_step,
    open_session,
    try_code,
)
from handoff_service.web.shared.session import desk_of
from handoff_service.web.workspace.sign_in import enter, let_in


def blueprint() -> Blueprint:
    """Serve ``/sign-in/code`` and ``/sign-in/set-up``."""
    made = Blueprint("second_factor", url_prefix="/sign-in")

    @made.get("/code")
    async def code_page(request: Request) -> HTTPResponse:
        return await _at_step(request, StepKind.CODE, _ask)

    @made.post("/code")
    async def code(request: Request) -> HTTPResponse:
        from_this_site(request)
        return await _at_step(request, StepKind.CODE, _check)

    @made.get("/set-up")
    async def set_up_page(request: Request) -> HTTPResponse:
        return await _at_step(request, StepKind.SET_UP, _show)

    @made.post("/set-up")
    async def set_up(request: Request) -> HTTPResponse:
        from_this_site(request)
        return await _at_step(request, StepKind.SET_UP, _confirm)

    return made


async def _at_step(request: Request, kind: StepKind, do: Any) -> HTTPResponse:
    """Call ``do`` with the browser's current sign-in step. Without a step, redirect to the sign-in
    page.
    """
    try:
        response: HTTPResponse = await do(request, await current_step(request, kind))
    except NotSignedIn:
        return redirect("/sign-in", status=303)
    return response


async def _ask(request: Request, step: Step, *, wrong: str = "", status: int = 200) -> HTTPResponse:
    desk = desk_of(request)
    factor = await desk.store.read(second_factor_of, step.agent_id or 0)
    return render(
        "sign_in_code.html",
        status=status,
        desk=await desk.store.read(desk_facts),
        email=step.data["email"],
        has_app=factor.authenticator,
        has_passkey=bool(factor.passkeys) and site_of(desk.settings.public_url) is not None,
        wrong=wrong,
    )


async def _check(request: Request, step: Step) -> HTTPResponse:
    desk, email, code = desk_of(request), step.data["email"], form_field(request, "code")[:100]
    visitor = visitor_of(request, email)
    try:
        left = await try_code(desk, step.agent_id or 0, email, code, visitor)
    except TooManyAttempts as refusal:
        return _later(await _ask(request, step, wrong=refusal.detail, status=429), refusal)
    if left is not None:
        wrong = wrong_code(left)
        return await _ask(request, step, wrong=wrong, status=401)
    ended = await end_step(request, StepKind.CODE)
    opened = await _open(request, ended)
    return await enter(request, opened, email, ended.data["next"])


async def _open(request: Request, step: Step) -> NewSession:
    desk, who = desk_of(request), admitted(step)
    who = replace(who, authenticated_at=desk.clock())
    return await open_session(desk, who, visitor_of(request, who.email), second_factor=True)


def admitted(step: Step) -> Admitted:
    """Return the agent who has passed the first factor in this step."""
    return Admitted(
        agent_id=step.agent_id or 0,
        email=step.data["email"],
        provider_id=step.data.get("provider_id"),
        provider_session=step.data.get("provider_session"),
    )


async def _show(
    request: Request, step: Step, *, wrong: str = "", status: int = 200
) -> HTTPResponse:
    desk = desk_of(request)
    facts = await desk.store.read(desk_facts)
    shown = await app_to_scan(desk, step.agent_id or 0, step.data["email"], facts.name)
    given = {"desk": facts, "email": step.data["email"], "wrong": wrong}
    given["can_have_passkeys"] = site_of(desk.settings.public_url) is not None
    return render("sign_in_set_up.html", status=status, **given, **shown)


async def app_to_scan(desk: AppContext, agent_id: int, email: str, name: str) -> dict[str, str]:
    """Return the QR code and the secret for setting up an authenticator app."""
    begin = BeginAuthenticator(agent_id, one_time_codes.new_secret())
    secret = await desk.store.write(begin_authenticator, begin)
    address = one_time_codes.app_address(secret, email, name)
    groups = [secret[n : n + 4] for n in range(0, len(secret), 4)]
    picture = await run_slow(one_time_codes.picture, address)
    return {"picture": picture, "secret": " ".join(groups)}


async def _confirm(request: Request, step: Step) -> HTTPResponse:
    """Confirm the authenticator app, sign the agent in, and show the backup codes."""
    desk, email = desk_of(request), step.data["email"]
    agent_id = step.agent_id or 0
    try:
        left = await confirm_code(request, agent_id, email)
    except TooManyAttempts as refusal:
        return _later(await _show(request, step, wrong=refusal.detail, status=429), refusal)
    if left is not None:
        wrong = wrong_code(left)
        return await _show(request, step, wrong=wrong, status=400)
    ended = await end_step(request, StepKind.SET_UP)
    codes = await new_backup_codes(desk, agent_id)
    opened = await _open(request, ended)
    facts = await desk.store.read(desk_facts)
    response = render("sign_in_codes.html", desk=facts, codes=codes, next=ended.data["next"])
    await let_in(desk, request, response, opened, email)
    return response


async def confirm_code(request: Request, agent_id: int, email: str) -> int | None:
    """Confirm the agent's authenticator app with the code in the form. Return None if the code is
    right, else the number of attempts left. Raises TooManyAttempts when no attempt is left."""
    desk, code = desk_of(request), form_field(request, "code")[:100]

    async def check() -> bool:
        return await desk.store.write(confirm_authenticator, AgentCode(agent_id, code))

    return await count_and_check(desk, CODE, email, visitor_of(request, email), check)


async def new_backup_codes(desk: AppContext, agent_id: int) -> list[str]:
    """Replace the agent's backup codes, and return the new ones. The desk stores only hashes."""
    codes = one_time_codes.backup_codes()
    await desk.store.write(replace_backup_codes, ReplaceBackupCodes(agent_id, codes))
    return codes


def _later(response: HTTPResponse, refusal: TooManyAttempts) -> HTTPResponse:
    response.headers["Retry-After"] = str(refusal.retry_after)
    return response


def wrong_code(left: int) -> str:
    return count_phrase(
        "This code is wrong or was already used. Enter a new one. {count} attempt left.",
        "This code is wrong or was already used. Enter a new one. {count} attempts left.",
        left,
    )
