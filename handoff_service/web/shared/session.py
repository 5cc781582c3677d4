"""Who asks: sessions by cookie for browsers, by bearer token for programs, and the check that a
browser meant it."""

import hmac
from collections.abc import Awaitable, Callable
from functools import wraps
from typing import Any

from sanic import Request
from sanic.response import HTTPResponse

from handoff_service.context import AppContext
from handoff_service.errors import NotAllowed, NotSignedIn
from handoff_service.operations.desk import sign_in
from handoff_service.operations.desk.sign_in import CurrentAgent
from handoff_service.rules.shared.vocabulary import Role
from handoff_service.web.shared.rendering import form_field
from handoff_service.web.shared.repeats import UNSAFE, form_once

LIVE = (Role.AGENT, Role.SUPERVISOR)  # live agents: they work in the workspace
ANYONE = tuple(Role)
type Handler = Callable[..., Awaitable[Any]]


def desk_of(request: Request) -> AppContext:
    """The desk that this process serves; for a request that may be repeated, with a store of its
    own."""
    desk: AppContext = getattr(request.ctx, "desk", None) or request.app.ctx.desk
    return desk


def cookie_name(desk: AppContext) -> str:
    """``__Host-`` ties a cookie to this host over https; browsers refuse that name on plain
    http."""
    return "__Host-patchboard" if desk.settings.public_url.startswith("https:") else "patchboard"


def give_cookie(desk: AppContext, response: HTTPResponse, token: str) -> None:
    """Put the session's token into the browser."""
    response.add_cookie(
        cookie_name(desk),
        token,
        httponly=True,
        secure=desk.settings.public_url.startswith("https:"),
        samesite="Lax",
        path="/",
        max_age=int(sign_in.SESSION_LASTS.total_seconds()),
        host_prefix=False,
    )


def take_cookie(desk: AppContext, response: HTTPResponse) -> None:
    response.delete_cookie(cookie_name(desk), path="/")


def cookie_token(request: Request) -> str | None:
    return request.cookies.get(cookie_name(desk_of(request)))


async def signed_in(request: Request) -> CurrentAgent | None:
    """The agent whose browser this is, or None."""
    token = cookie_token(request)
    if not token:
        return None
    desk = desk_of(request)
    return await desk.store.read(sign_in.signed_in, token, desk.clock())


async def bearer(request: Request, *roles: Role) -> CurrentAgent:
    """The agent whose token this is. NotSignedIn without one, NotAllowed without one of the
    roles."""
    desk = desk_of(request)
    agent = await desk.store.read(sign_in.signed_in, request.token or "", desk.clock())
    if agent is None:
        raise NotSignedIn("Send the token of POST /api/v1/login as Authorization: Bearer.")
    return allowed(agent, *roles)


def allowed(agent: CurrentAgent, *roles: Role) -> CurrentAgent:
    """The agent, if they have one of these roles (an admin has all of them)."""
    if roles and not agent.roles & {*roles, Role.ADMIN}:
        raise NotAllowed(f"This requires the role {' or '.join(roles)}.")
    return agent


def supervises(agent: CurrentAgent) -> bool:
    """Whether this agent may do what supervisors do."""
    return bool(agent.roles & {Role.SUPERVISOR, Role.ADMIN})


def trains(agent: CurrentAgent) -> bool:
    """Whether this agent may do what trainers do."""
    return bool(agent.roles & {Role.TRAINER, Role.ADMIN})


def csrf_token(request: Request) -> str:
    """What this browser's forms must carry."""
    return sign_in.csrf_token(desk_of(request).settings.secret_key, cookie_token(request) or "")


def check_meant(request: Request) -> None:
    """Refuse an unsafe request that another site made this browser send. NotAllowed."""
    if request.method not in UNSAFE:
        return
    if request.headers.get("sec-fetch-site", "same-origin") not in ("same-origin", "none"):
        raise NotAllowed("This request came from another site.")
    sent: str = request.headers.get("x-csrf-token") or form_field(request, "csrf")
    if not hmac.compare_digest(sent.encode(), csrf_token(request).encode()):
        raise NotAllowed("The page is out of date. Reload it and try again.")


def page(*roles: Role) -> Callable[[Handler], Handler]:
    """A workspace page or act: for signed-in agents with one of these roles (none given: live
    agents), meant by them. The handler gets the agent as ``agent``."""

    def wrap(handler: Handler) -> Handler:
        @wraps(handler)
        async def guarded(request: Request, *args: Any, **kwargs: Any) -> Any:
            agent = await signed_in(request)
            if agent is None:
                raise NotSignedIn
            allowed(agent, *(roles or LIVE))
            check_meant(request)
            form_once(request, desk_of(request), agent)
            return await handler(request, *args, agent=agent, **kwargs)

        return guarded

    return wrap
