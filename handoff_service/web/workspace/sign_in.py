"""The pages that sign an agent in and out."""

import functools
import re
from pathlib import Path

from sanic import Blueprint, Request
from sanic.response import HTTPResponse, redirect

import handoff_service
from handoff_service.context import AppContext
from handoff_service.errors import CannotOpen, NotAllowed, NotFound, NotSignedIn, TooManyAttempts
from handoff_service.lib.passkey_checks import site_of
from handoff_service.operations.desk import sign_in as sign_ins
from handoff_service.operations.desk.identity_providers import access_to
from handoff_service.operations.desk.sign_in import CurrentAgent, end_session, token_hash
from handoff_service.operations.desk.sign_in_steps import StepKind
from handoff_service.operations.desk_file import read_desk_file
from handoff_service.operations.desk_file.desk_file import AgentEntry
from handoff_service.operations.routing import presence
from handoff_service.operations.routing.presence import RecordSignIn, SetPresence, set_presence
from handoff_service.rules.shared.phrases import count_phrase, phrase
from handoff_service.rules.shared.vocabulary import Presence
from handoff_service.store.desk import identity_providers
from handoff_service.store.desk.second_factors import any_passkey
from handoff_service.store.desk.set_up import is_empty
from handoff_service.store.engine import tables as t
from handoff_service.web.shared import practice_desk
from handoff_service.web.shared.desk_facts import desk_facts
from handoff_service.web.shared.known_browsers import remember
from handoff_service.web.shared.password_attempts import try_password, visitor_of
from handoff_service.web.shared.rendering import form_field, render
from handoff_service.web.shared.same_site import from_this_site
from handoff_service.web.shared.second_step import (
    Admitted,
    NewSession,
    drop_step,
    give_step,
    proceed,
)
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

# paths that no browser can read as an address on another site
_PAGE = re.compile(r"/(?:workspace|setup|phone)([/?#][!#-;=?-\[\]_a-z~]{0,1000})?")


def blueprint() -> Blueprint:
    """Serve ``/sign-in`` and ``/sign-out``."""
    made = Blueprint("sign_in")

    @made.get("/sign-in")
    async def sign_in_page(request: Request) -> HTTPResponse:
        if await signed_in(request):
            return redirect(next_page(request.args.get("next") or ""))
        if await desk_of(request).store.read(is_empty):
            return redirect("/setup")
        return await sign_in_form(request)

    @made.post("/sign-in")
    async def sign_in(request: Request) -> HTTPResponse:
        from_this_site(request)
        email, password = form_field(request, "email").strip(), form_field(request, "password")
        if not email or not password:
            return await sign_in_form(
                request,
                email=email,
                wrong=phrase("Enter your e-mail address and password."),
                status=400,
            )
        return await _try(request, email, password)

    @made.post("/sign-out")
    @page(*ANYONE)
    async def sign_out(request: Request, agent: CurrentAgent) -> HTTPResponse:
        desk, token = desk_of(request), cookie_token(request) or ""
        came_from = await desk.store.read(identity_providers.of_session, token_hash(token))
        # End the session before the presence changes. That change makes the agent's other tabs
        # reload, and they must then be signed out.
        await desk.store.write(end_session, token)
        await desk.store.write(
            set_presence, SetPresence(agent_id=agent.id, presence=Presence.OFFLINE)
        )
        response = redirect(f"/sign-in{'?again=1' if came_from else ''}", status=303)
        if came_from and (elsewhere := await _sign_out_elsewhere(desk, *came_from)) is not None:
            # show a page with a link: the content security policy forbids that a form redirects to
            # another site
            response = render("signed_out.html", provider=elsewhere[0], url=elsewhere[1])
        take_cookie(desk, response)
        practice_desk.leave(desk, response)
        return response

    return made


async def _sign_out_elsewhere(
    desk: AppContext, provider_id: int, sealed: str | None
) -> tuple[str, str] | None:
    """Return the identity provider's name and the address of its sign-out page. Return None if it
    has no such page, or if the desk cannot read the provider or the token. ``sealed``: the
    session's encrypted ID token."""
    settings, id_token = desk.store.settings, None
    try:
        one = await desk.store.read(identity_providers.get, provider_id)
        access = await desk.store.read(access_to, settings, one)
        id_token = settings.sealer.open(t.sessions.c.id_token, sealed) if sealed else None
    except (NotFound, CannotOpen):
        return None
    back_to = f"{desk.settings.public_url}/sign-in"
    url = await desk.identity_providers.sign_out_url(access, id_token, back_to)
    return (one.name, url) if url else None


async def _try(request: Request, email: str, password: str) -> HTTPResponse:
    desk, visitor = desk_of(request), visitor_of(request, email[:320])
    try:
        left = await try_password(desk, email[:320], password[:1000], visitor)
    except TooManyAttempts as error:
        page = await sign_in_form(request, email=email, wrong=error.detail, status=error.status)
        page.headers["Retry-After"] = str(error.retry_after)
        return page
    found = await desk.store.read(sign_ins.find, email)
    if left is not None or found is None:
        wrong = count_phrase(
            "E-mail or password is wrong. {count} attempt left.",
            "E-mail or password is wrong. {count} attempts left.",
            left or 0,
        )
        return await sign_in_form(request, email=email, wrong=wrong, status=401)
    who = Admitted(agent_id=found[0], email=email[:320])
    return await go_on(request, who, next_page(form_field(request, "next")))


async def go_on(request: Request, who: Admitted, to: str) -> HTTPResponse:
    """Sign the agent in, or redirect to the second step if the agent needs a second factor.
    ``to``: the page to show after the sign-in."""
    desk = desk_of(request)
    try:
        outcome = await proceed(desk, who, visitor_of(request, who.email), next_page=to)
    except (NotAllowed, NotSignedIn) as refusal:
        return await sign_in_form(request, wrong=refusal.detail, status=refusal.status)
    if isinstance(outcome, NewSession):
        return await enter(request, outcome, who.email, to)
    asks = outcome.kind is StepKind.CODE
    response = redirect("/sign-in/code" if asks else "/sign-in/set-up", status=303)
    give_step(desk, response, outcome.token)
    return response


async def enter(request: Request, opened: NewSession, email: str, to: str) -> HTTPResponse:
    """Give the browser its new session, and redirect to the page ``to``."""
    response = redirect(to, status=303)
    await let_in(desk_of(request), request, response, opened, email)
    return response


async def let_in(
    desk: AppContext, request: Request, response: HTTPResponse, opened: NewSession, email: str
) -> None:
    """Complete the sign-in: update the agent's presence, give the browser its new session, remember
    the browser, and end its sign-in step and any practice session."""
    await desk.store.write(presence.signed_in, RecordSignIn(agent_id=opened.agent_id, to_work=True))
    give_cookie(desk, response, opened.token)
    # the agent who used this browser before may still have a practice session here
    if request.cookies.get(practice_cookie(desk)):
        practice_desk.leave(desk, response)
    drop_step(desk, response)
    remember(request, response, email)


def next_page(asked: str) -> str:
    """Return the path that the agent requested before the sign-in if it is a page of ours, else the
    path of the workspace."""
    return asked if _PAGE.fullmatch(asked) else "/workspace"


async def sign_in_form(
    request: Request, *, email: str = "", wrong: str = "", status: int = 200
) -> HTTPResponse:
    """Render the sign-in page. ``wrong``: the error to show."""
    desk = desk_of(request)
    facts = await desk.store.read(desk_facts)
    return render(
        "sign_in.html",
        status=status,
        desk=facts,
        email=email,
        wrong=wrong,
        next=next_page(form_field(request, "next") or request.args.get("next") or ""),
        again=request.args.get("again") == "1",
        providers=await desk.store.read(identity_providers.active),
        passkeys=await desk.store.read(any_passkey) and site_of(desk.settings.public_url),
        demo=demo_agents() if desk.settings.demo else [],
        demo_phone=desk.settings.demo and desk.settings.has_simulator,
    )


@functools.cache
def demo_agents() -> list[AgentEntry]:
    """Return the demo desk's agents. The sign-in page has a button for each of them."""
    path = Path(handoff_service.__file__).parent / "demo.toml"
    return [agent for agent in read_desk_file.read(path).agents if agent.password]
