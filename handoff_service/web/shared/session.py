"""Authenticates browsers by the session cookie and API clients by a bearer token. Also protects
against cross-site request forgery."""

import hmac
import re
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import replace
from functools import reduce, wraps
from typing import Any

from sanic import Request
from sanic.response import HTTPResponse

from handoff_service.context import AppContext
from handoff_service.errors import NotAllowed, NotSignedIn, Unavailable
from handoff_service.operations.desk import sessions, sign_in
from handoff_service.operations.desk.sign_in import CurrentAgent
from handoff_service.rules.desk.service_tokens import Scope
from handoff_service.rules.shared.phrases import phrase
from handoff_service.rules.shared.vocabulary import Role
from handoff_service.web.shared import page_language
from handoff_service.web.shared.client_address import client_address
from handoff_service.web.shared.rendering import form_field
from handoff_service.web.shared.repeats import UNSAFE, form_once
from handoff_service.web.shared.service_tokens import authenticate, is_service_token

#: role -> the plural noun for people with this role
PEOPLE: Mapping[Role, str] = {
    Role.AGENT: phrase("agents"),
    Role.SUPERVISOR: phrase("supervisors"),
    Role.TRAINER: phrase("trainers"),
    Role.ADMIN: phrase("admins"),
}

LIVE = (Role.AGENT, Role.SUPERVISOR)  # live agents, who work in the workspace
ANYONE = tuple(Role)
# requests that a page's script sends without an action of the agent
BY_ITSELF = re.compile(r"/workspace/.*/read")
NO_SECOND_FACTOR = phrase(
    "Your role needs a second factor, and this token was made without one. Set "
    "it up in the workspace, then sign in again with its code."
)
type Handler = Callable[..., Awaitable[Any]]


def desk_of(request: Request) -> AppContext:
    """Return the desk that serves this request. An agent's request has its own copy of the desk,
    and the copy's store records the agent as the author of each write. For a request that clients
    may repeat, the store also runs each command only once (``repeats.py``)."""
    desk: AppContext = getattr(request.ctx, "desk", None) or request.app.ctx.desk
    return desk


def cookie_name(desk: AppContext) -> str:
    """Return the name of the session cookie. Over https it has the prefix ``__Host-``, which binds
    the cookie to this host. Over http, browsers reject this prefix."""
    if desk.practice:
        return practice_cookie(desk)
    return "__Host-patchboard" if desk.settings.public_url.startswith("https:") else "patchboard"


def practice_cookie(desk: AppContext) -> str:
    """Return the name of a practice desk's cookie. It differs from the real desk's, because a
    browser can have both at the same time."""
    is_tls = desk.settings.public_url.startswith("https:")
    return "__Host-patchboard-practice" if is_tls else "patchboard-practice"


def give_cookie(desk: AppContext, response: HTTPResponse, token: str, name: str = "") -> None:
    """Set the session cookie. ``name``: the cookie's name, if it is not the desk's own."""
    response.add_cookie(
        name or cookie_name(desk),
        token,
        httponly=True,
        secure=desk.settings.public_url.startswith("https:"),
        samesite="Lax",
        path="/",
        max_age=int(sign_in.SESSION_LASTS.total_seconds()),
        host_prefix=False,
    )


def take_cookie(desk: AppContext, response: HTTPResponse, name: str = "") -> None:
    response.delete_cookie(name or cookie_name(desk), path="/")


def cookie_token(request: Request) -> str | None:
    return request.cookies.get(cookie_name(desk_of(request)))


async def signed_in(request: Request) -> CurrentAgent | None:
    """Return the agent who is signed in with this browser, or None."""
    token = cookie_token(request)
    if not token:
        return None
    agent = await _current(request, token)
    if agent is not None:
        page_language.choose_for(request, agent.language)
    return agent


async def _current(request: Request, token: str) -> CurrentAgent | None:
    """Return the session's agent. Record the session's use if that is due, but not at every
    request."""
    desk = desk_of(request)
    agent = await desk.store.read_by_key(sign_in.signed_in, token)
    is_act = request.method in UNSAFE and not BY_ITSELF.fullmatch(request.path)
    if agent is not None and sessions.is_due(agent, desk.clock(), is_act=is_act):
        with suppress(Unavailable):  # the next request records it
            await desk.store.write(sessions.record_use, sessions.SessionUse(token, is_act))
    return agent


async def bearer(request: Request, *roles: Role, scope: Scope | None = None) -> CurrentAgent:
    """Return the agent who owns the bearer token. Raises NotSignedIn without a valid token, and
    NotAllowed without one of the roles. A service token needs ``scope`` instead of a role. If
    ``scope`` is None, the call rejects service tokens."""
    if is_service_token(token := request.token or ""):
        return _acts(request, await authenticate(desk_of(request), token, scope, roles))
    agent = await _current(request, request.token or "")
    if agent is None:
        raise NotSignedIn("Send the token of POST /api/v1/login as Authorization: Bearer.")
    if agent.second_factor_missing:
        raise NotAllowed(NO_SECOND_FACTOR)
    return _acts(request, allowed(agent, *roles))


def _acts(request: Request, agent: CurrentAgent) -> CurrentAgent:
    """Record the agent as the author of the request's writes: see ``desk_of``."""
    desk = desk_of(request)
    request.ctx.desk = replace(desk, store=desk.store.acting(agent.id, client_address(request)))
    return agent


def allowed(agent: CurrentAgent, *roles: Role) -> CurrentAgent:
    """Return the agent. Raises NotAllowed for an agent without one of these roles; admins have all
    of them. ANYONE also allows agents without a role, who must be able to sign out."""
    if roles and roles != ANYONE and not agent.roles & {*roles, Role.ADMIN}:
        people = reduce(_and, (PEOPLE[role] for role in roles))
        raise NotAllowed(
            phrase("Only {people} can do this. Ask an admin for the role.", people=people)
        )
    return agent


def _and(one: str, other: str) -> str:
    return phrase("{one} and {other}", one=one, other=other)


def home_of(agent: CurrentAgent) -> str:
    """Return the path of the agent's start page, which depends on the agent's roles."""
    if agent.roles & {*LIVE, Role.ADMIN}:
        return "/workspace"
    return "/workspace/trainer" if Role.TRAINER in agent.roles else "/workspace/account"


def supervises(agent: CurrentAgent) -> bool:
    """Return whether this agent has a supervisor's rights."""
    return bool(agent.roles & {Role.SUPERVISOR, Role.ADMIN})


def trains(agent: CurrentAgent) -> bool:
    """Return whether this agent has a trainer's rights."""
    return bool(agent.roles & {Role.TRAINER, Role.ADMIN})


def csrf_token(request: Request) -> str:
    """Return the token that this browser's forms must contain."""
    return sign_in.csrf_token(desk_of(request).settings.secret_key, cookie_token(request) or "")


def refuse_cross_site(request: Request) -> None:
    """Raise NotAllowed for an unsafe request that comes from another site or has no valid form
    token."""
    if request.method not in UNSAFE:
        return
    if request.headers.get("sec-fetch-site", "same-origin") not in ("same-origin", "none"):
        raise NotAllowed(
            phrase("This request came from another site. Reload the page and try again.")
        )
    sent: str = request.headers.get("x-csrf-token") or form_field(request, "csrf")
    session = cookie_token(request) or ""
    right = (sign_in.csrf_token(key, session) for key in desk_of(request).settings.secret_keys)
    if not any(hmac.compare_digest(sent.encode(), one.encode()) for one in right):
        raise NotAllowed(phrase("The page is out of date. Reload it and try again."))


def page(*roles: Role) -> Callable[[Handler], Handler]:
    """Decorate the handler of a workspace page or action. The agent must be signed in and have one
    of these roles (by default, those of live agents), and the request must come from our own pages.
    The handler gets the agent as ``agent``."""

    def wrap(handler: Handler) -> Handler:
        @wraps(handler)
        async def guarded(request: Request, *args: Any, **kwargs: Any) -> Any:
            agent = await signed_in(request)
            if agent is None:
                raise NotSignedIn
            allowed(agent, *(roles or LIVE))
            refuse_cross_site(request)
            _acts(request, agent)
            form_once(request, desk_of(request), agent)
            return await handler(request, *args, agent=agent, **kwargs)

        return guarded

    return wrap
