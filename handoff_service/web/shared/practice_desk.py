"""Serves the workspace of a practice desk to the browser of the agent who practices.

The session on the practice desk has its own cookie. The cookie is valid only while the same agent
is signed in to the real desk with this browser. Each desk signs its form tokens with its own secret
key, so it rejects the other desk's forms. Therefore a page that stays open after a practice run
cannot text a real requester.
"""

from sanic import Request
from sanic.response import HTTPResponse, redirect

from handoff_service.context import AppContext
from handoff_service.errors import NotAllowed, NotSignedIn
from handoff_service.operations.desk import sign_in
from handoff_service.rules.shared.phrases import phrase
from handoff_service.web.shared.rendering import wants_page
from handoff_service.web.shared.repeats import UNSAFE
from handoff_service.web.shared.session import (
    BY_ITSELF,
    cookie_name,
    give_cookie,
    practice_cookie,
    take_cookie,
)

RUNS = "/workspace/practice"  # pages of the real desk
END = "/workspace/practice-desk/end"  # the practice desk serves this action
_ELSEWHERE = ("account", "admin", "supervisor", "trainer", "notifications", "setup")


async def choose(request: Request) -> HTTPResponse | None:
    """Middleware: route the requests of an agent who practices to the practice desk."""
    path = request.path
    if not path.startswith(("/workspace", "/media/")) or _is_below(path, RUNS):
        return None
    real: AppContext = request.app.ctx.desk
    token = request.cookies.get(practice_cookie(real))
    if not token:
        return None
    practice = await _practice_of(request, real, token)
    if practice is None or practice.practice is None:
        return _over(request, real, token)
    if path.startswith(tuple(f"/workspace/{one}" for one in _ELSEWHERE)):
        raise NotAllowed(phrase("The practice desk has no such page. End the practice run first."))
    if request.method in UNSAFE and not BY_ITSELF.fullmatch(path):
        real.practice_runs.acted(practice.practice.run_id)
    request.ctx.desk = practice
    return None


async def _practice_of(request: Request, real: AppContext, token: str) -> AppContext | None:
    practice = real.practice_runs.desk_of(token)
    if practice is None or practice.practice is None:
        return None
    own = request.cookies.get(cookie_name(real)) or ""
    agent = await real.store.read_by_key(sign_in.signed_in, own)
    return practice if agent and agent.id == practice.practice.agent_id else None


def _over(request: Request, real: AppContext, token: str) -> HTTPResponse:
    """Answer a request that comes after the practice run has ended. Redirect a page to the score.
    Raises NotSignedIn for any other request."""
    if not wants_page(request) or request.method in UNSAFE:
        raise NotSignedIn(phrase("The practice run has ended. Open Practice to see its score."))
    run_id = real.practice_runs.run_of_token(token)
    response = redirect(f"{RUNS}/{run_id}" if run_id else RUNS, status=303)
    leave(real, response)
    return response


def enter(desk: AppContext, response: HTTPResponse, token: str) -> None:
    """Store the practice session in the browser."""
    give_cookie(desk, response, token, practice_cookie(desk))


def leave(desk: AppContext, response: HTTPResponse) -> None:
    take_cookie(desk, response, practice_cookie(desk))


def _is_below(path: str, place: str) -> bool:
    return path == place or path.startswith(f"{place}/")
