"""Signing in and out on pages."""

import functools
import re
from pathlib import Path

from sanic import Blueprint, Request
from sanic.response import HTTPResponse, redirect

import handoff_service
from handoff_service.errors import TooManyTries
from handoff_service.operations.desk.sign_in import CurrentAgent, end_session
from handoff_service.operations.desk_file import read_desk_file
from handoff_service.operations.desk_file.desk_file import AgentEntry
from handoff_service.operations.routing import presence
from handoff_service.operations.routing.presence import RecordSignIn, SetPresence, set_presence
from handoff_service.rules.shared.counted import counted
from handoff_service.rules.shared.vocabulary import Presence
from handoff_service.store.desk.set_up import is_empty
from handoff_service.web.shared import page_queries, practice_desk
from handoff_service.web.shared.client_address import client_address
from handoff_service.web.shared.devices import device_of
from handoff_service.web.shared.password_tries import Opened, is_known, remember, try_password
from handoff_service.web.shared.rendering import form_field, render
from handoff_service.web.shared.same_site import from_this_site
from handoff_service.web.shared.session import (
    ANYONE,
    cookie_token,
    desk_of,
    give_cookie,
    page,
    practice_cookie,
    signed_in,
    take_cookie,
)

# stays on this site, however a browser reads it
_PAGE = re.compile(r"/(?:workspace|setup|phone)([/?#][!#-;=?-\[\]_a-z~]{0,1000})?")


def blueprint() -> Blueprint:
    """Serve ``/sign-in`` and ``/sign-out``."""
    made = Blueprint("sign_in")

    @made.get("/sign-in")
    async def sign_in_page(request: Request) -> HTTPResponse:
        if await signed_in(request):
            return redirect(_next(request.args.get("next") or ""))
        if await desk_of(request).store.read(is_empty):
            return redirect("/setup")
        return await _page(request)

    @made.post("/sign-in")
    async def sign_in(request: Request) -> HTTPResponse:
        from_this_site(request)
        email, password = form_field(request, "email").strip(), form_field(request, "password")
        if not email or not password:
            return await _page(
                request,
                email=email,
                wrong="Enter your e-mail address and password.",
                status=400,
            )
        return await _try(request, email, password)

    @made.post("/sign-out")
    @page(*ANYONE)
    async def sign_out(request: Request, agent: CurrentAgent) -> HTTPResponse:
        desk = desk_of(request)
        # End the session first: the presence hint makes the agent's other tabs reload, and they
        # must find themselves signed out.
        await desk.store.write(end_session, cookie_token(request) or "")
        await desk.store.write(
            set_presence, SetPresence(agent_id=agent.id, presence=Presence.OFFLINE)
        )
        response = redirect("/sign-in", status=303)
        take_cookie(desk, response)
        practice_desk.leave(desk, response)
        return response

    return made


async def _try(request: Request, email: str, password: str) -> HTTPResponse:
    desk = desk_of(request)
    try:
        answer = await try_password(
            desk,
            email[:320],
            password[:1000],
            client_address(request),
            is_known=is_known(request, email[:320]),
            device=device_of(request.headers.get("user-agent", "")),
        )
    except TooManyTries as error:
        page = await _page(request, email=email, wrong=error.detail, status=error.status)
        page.headers["Retry-After"] = str(error.retry_after)
        return page
    if isinstance(answer, int):
        left = counted(answer, "try", "tries")
        return await _page(
            request, email=email, wrong=f"E-mail or password is wrong. {left} left.", status=401
        )
    return await enter(request, answer, email[:320], _next(form_field(request, "next")))


async def enter(request: Request, opened: Opened, email: str, to: str) -> HTTPResponse:
    """Redirect an agent with a new session to this page."""
    desk = desk_of(request)
    await desk.store.write(presence.signed_in, RecordSignIn(agent_id=opened.agent_id, to_work=True))
    response = redirect(to, status=303)
    give_cookie(desk, response, opened.token)
    if request.cookies.get(practice_cookie(desk)):  # of the agent before, with this browser
        practice_desk.leave(desk, response)
    remember(request, response, email)
    return response


def _next(asked: str) -> str:
    """Return the page that the agent requested before signing in, or the list if the address is not
    a page of the workspace."""
    return asked if _PAGE.fullmatch(asked) else "/workspace"


async def _page(
    request: Request, *, email: str = "", wrong: str = "", status: int = 200
) -> HTTPResponse:
    desk = desk_of(request)
    facts = await desk.store.read(page_queries.desk_facts)
    return render(
        "sign_in.html",
        status=status,
        desk=facts,
        email=email,
        wrong=wrong,
        next=_next(form_field(request, "next") or request.args.get("next") or ""),
        demo=demo_agents() if desk.settings.demo else [],
        demo_phone=desk.settings.demo and desk.settings.has_simulator,
    )


@functools.cache
def demo_agents() -> list[AgentEntry]:
    """Return the demo desk's agents, who can sign in with one click."""
    path = Path(handoff_service.__file__).parent / "demo.toml"
    return [agent for agent in read_desk_file.read(path).agents if agent.password]
