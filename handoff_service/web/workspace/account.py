"""The page of an agent's own account: name, language, password, sessions and notifications."""

from typing import Any

from sanic import Request
from sanic.response import HTTPResponse

from handoff_service.errors import BadInput, TooManyAttempts
from handoff_service.lib.slow_work import run_slow
from handoff_service.operations.desk.agents import ChangeAgent, change_agent
from handoff_service.operations.desk.passwords import hash_password
from handoff_service.operations.desk.sessions import EndSession, end_own_session
from handoff_service.operations.desk.sign_in import CurrentAgent, token_hash
from handoff_service.operations.shared.read_fields import read_as
from handoff_service.rules.shared.phrases import count_phrase, phrase
from handoff_service.store.desk import identity_providers
from handoff_service.store.desk.sessions import sessions_of
from handoff_service.store.routing import notification_targets
from handoff_service.web.admin.pages import Form, typed
from handoff_service.web.api.agents import AgentBody
from handoff_service.web.shared.page_language import PAGE_LANGUAGES
from handoff_service.web.shared.page_shell import shell_context
from handoff_service.web.shared.password_attempts import try_password, visitor_of
from handoff_service.web.shared.rendering import done_or_redirect, form_field, render
from handoff_service.web.shared.second_step import needs_of
from handoff_service.web.shared.session import ANYONE, cookie_token, desk_of, page

HERE = "/workspace/account"
DONE = {
    "name": phrase("Saved"),
    "language": phrase("Saved"),
    "password": phrase("Your password is changed. You are signed out on other devices"),
    "session": phrase("The device is signed out"),
    "notify": phrase("Notifications are on"),
    "notify_removed": phrase("Removed"),
    "notify_tried": phrase("The test notification was sent"),
    "notify_failed": phrase("The test did not arrive. The list shows why"),
}
NO_PASSWORDS = {"current": "", "password": ""}


@page(*ANYONE)
async def account_page(request: Request, agent: CurrentAgent) -> HTTPResponse:
    return await _page(request, agent)


@page(*ANYONE)
async def change_name(request: Request, agent: CurrentAgent) -> HTTPResponse:
    form = typed(request, ["name"])
    try:
        values = read_as(AgentBody, {"name": form.values["name"]}).given()
    except BadInput as refusal:
        return await _page(request, agent, name=form.with_refusal(refusal), status=refusal.status)
    await desk_of(request).store.write(
        change_agent, ChangeAgent(id=agent.id, by=agent.id, values=values)
    )
    return done_or_redirect(request, f"{HERE}?done=name")


@page(*ANYONE)
async def change_language(request: Request, agent: CurrentAgent) -> HTTPResponse:
    """Change the language of the agent's pages. An empty field means the browser's language."""
    form = typed(request, ["language"])
    try:
        values = read_as(AgentBody, {"language": form.values["language"] or None}).given()
    except BadInput as refusal:
        form = form.with_refusal(refusal)
        return await _page(request, agent, language=form, status=refusal.status)
    await desk_of(request).store.write(
        change_agent, ChangeAgent(id=agent.id, by=agent.id, values=values)
    )
    return done_or_redirect(request, f"{HERE}?done=language")


@page(*ANYONE)
async def change_password(request: Request, agent: CurrentAgent) -> HTTPResponse:
    """Change the agent's password, and end the agent's other sessions. The form must contain the
    current password."""
    try:
        password = await _new_password(request, agent)
    except (BadInput, TooManyAttempts) as refusal:
        form = Form(values=NO_PASSWORDS).with_refusal(refusal)
        return await _page(request, agent, passwords=form, status=refusal.status)
    command = ChangeAgent(
        id=agent.id,
        by=agent.id,
        values={"password_hash": await run_slow(hash_password, password)},
        keep_token=cookie_token(request) or "",
    )
    await desk_of(request).store.write(change_agent, command)
    return done_or_redirect(request, f"{HERE}?done=password")


async def _new_password(request: Request, agent: CurrentAgent) -> str:
    """Return the new password from the form. Raises BadInput if the new password is not allowed or
    the current password is wrong, and TooManyAttempts when no attempt is left."""
    password = form_field(request, "password")
    read_as(AgentBody, {"password": password})
    desk = desk_of(request)
    await needs_of(desk, agent.id, by_password=True)
    current = form_field(request, "current")[:1000]
    left = await try_password(desk, agent.email, current, visitor_of(request, agent.email))
    if left is not None:
        raise BadInput(
            errors={
                "current": count_phrase(
                    "This is not your password. {count} attempt left.",
                    "This is not your password. {count} attempts left.",
                    left,
                )
            }
        )
    return password


@page(*ANYONE)
async def end_session(request: Request, agent: CurrentAgent) -> HTTPResponse:
    command = EndSession(agent.id, form_field(request, "key"))
    await desk_of(request).store.write(end_own_session, command)
    return done_or_redirect(request, f"{HERE}?done=session")


async def _page(
    request: Request,
    agent: CurrentAgent,
    *,
    name: Form | None = None,
    language: Form | None = None,
    passwords: Form | None = None,
    status: int = 200,
) -> HTTPResponse:
    desk = desk_of(request)
    shell = await shell_context(request, agent, place="account")
    shown: dict[str, Any] = {
        "agent": agent,
        "name_form": name or Form(values={"name": agent.name}),
        "language_form": language or Form(values={"language": agent.language or ""}),
        "languages": PAGE_LANGUAGES,
        "password_form": passwords or Form(values=NO_PASSWORDS),
        "needs": await needs_of(desk, agent.id, by_password=False),
        "providers": await desk.store.read(identity_providers.of_agent, agent.id),
        "sessions": await desk.store.read(sessions_of, agent.id, desk.clock()),
        "targets": await desk.store.read(notification_targets.of_agent, agent.id),
        "push_key": desk.push.public_key,
        "mails": desk.mailer is not None,
        "this": token_hash(cookie_token(request) or ""),
        "done": DONE.get(request.args.get("done") or "", ""),
    }
    return render("account.html", status=status, **shell | shown)


PAGES: dict[str, Any] = {"/account": account_page}
POST_HANDLERS: dict[str, Any] = {
    "/account/name": change_name,
    "/account/language": change_language,
    "/account/password": change_password,
    "/account/sessions/end": end_session,
}
