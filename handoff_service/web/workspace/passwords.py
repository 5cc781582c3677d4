"""The pages where an agent chooses a password with a link, after an invitation or after forgetting
the old password."""

from sanic import Blueprint, Request
from sanic.response import HTTPResponse

from handoff_service.errors import BadInput, NotFound, TooManyAttempts
from handoff_service.lib.slow_work import run_slow
from handoff_service.operations.desk import password_links, passwords
from handoff_service.operations.desk.password_links import SetPassword, holder, request_reset
from handoff_service.operations.shared.read_fields import read_as
from handoff_service.store.desk import identity_providers
from handoff_service.store.desk.agents import agent_name
from handoff_service.web.admin.pages import Form
from handoff_service.web.api.agents import AgentBody
from handoff_service.web.shared.desk_facts import desk_facts
from handoff_service.web.shared.password_attempts import count_request, visitor_of
from handoff_service.web.shared.rendering import form_field, render
from handoff_service.web.shared.same_site import from_this_site
from handoff_service.web.shared.second_step import Admitted
from handoff_service.web.shared.session import desk_of
from handoff_service.web.workspace.sign_in import go_on


def blueprint() -> Blueprint:
    """Serve ``/sign-in/forgot`` and ``/sign-in/link``."""
    made = Blueprint("passwords", url_prefix="/sign-in")

    @made.get("/forgot")
    async def forgot_page(request: Request) -> HTTPResponse:
        return await _forgot(request)

    @made.post("/forgot")
    async def forgot(request: Request) -> HTTPResponse:
        from_this_site(request)
        return await _request_link(request)

    @made.get("/link")
    async def link_page(request: Request) -> HTTPResponse:
        token = str(request.args.get("token") or "")
        return await _choose(request, token, Form(values={"password": ""}))

    @made.post("/link")
    async def choose(request: Request) -> HTTPResponse:
        from_this_site(request)
        return await _set(request)

    return made


async def _request_link(request: Request) -> HTTPResponse:
    """Send the link by e-mail. The answer does not reveal whether the address has an account."""
    desk, email = desk_of(request), form_field(request, "email").strip()[:320]
    if not desk.settings.mails:
        return await _forgot(request)
    try:
        read_as(AgentBody, {"email": email})
        await count_request(desk, email, visitor_of(request, email))
    except BadInput as refusal:
        form = Form(values={"email": email}).with_refusal(refusal)
        return await _forgot(request, form, status=refusal.status)
    except TooManyAttempts as refusal:
        form = Form(values={"email": email}, errors={"email": refusal.detail})
        page = await _forgot(request, form, status=refusal.status)
        page.headers["Retry-After"] = str(refusal.retry_after)
        return page
    await desk.store.write(request_reset, email)
    return await _forgot(request, Form(values={"email": email}), sent=True)


async def _forgot(
    request: Request, form: Form | None = None, *, sent: bool = False, status: int = 200
) -> HTTPResponse:
    desk = desk_of(request)
    return render(
        "forgot.html",
        status=status,
        desk=await desk.store.read(desk_facts),
        form=form or Form(values={"email": str(request.args.get("email") or "")[:320]}),
        sent=sent,
        mails=desk.settings.mails,
        providers=await desk.store.read(identity_providers.active),
    )


async def _choose(request: Request, token: str, form: Form, *, status: int = 200) -> HTTPResponse:
    desk = desk_of(request)
    facts = await desk.store.read(desk_facts)
    try:
        account = await desk.store.read(holder, token, desk.settings.secret_keys, desk.clock())
    except NotFound as refusal:
        variables = {"desk": facts, "explanation": refusal.detail, "mails": desk.settings.mails}
        return render("link_ended.html", status=refusal.status, **variables)
    return render(
        "choose_password.html",
        status=status,
        desk=facts,
        form=form,
        token=token,
        email=account.email,
        name=await desk.store.read(agent_name, account.agent_id),
        is_new=not account.password_hash,
    )


async def _set(request: Request) -> HTTPResponse:
    desk, token = desk_of(request), form_field(request, "token")
    password = form_field(request, "password")
    try:
        account = await desk.store.read(holder, token, desk.settings.secret_keys, desk.clock())
        read_as(AgentBody, {"password": password})
        command = SetPassword(token, await run_slow(passwords.hash_password, password))
        agent_id = await desk.store.write(password_links.set_password, command)
    except NotFound:
        return await _choose(request, token, Form(values={"password": ""}))
    except BadInput as refusal:
        form = Form(values={"password": ""}).with_refusal(refusal)
        return await _choose(request, token, form, status=refusal.status)
    return await go_on(request, Admitted(agent_id=agent_id, email=account.email), "/workspace")
