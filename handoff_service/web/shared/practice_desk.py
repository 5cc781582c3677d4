"""Serves the workspace of a practice desk to the browser of the agent who practices.

A second cookie holds the session on the practice desk. The cookie is valid only while the same
agent is signed in to the real desk with this browser. Each desk makes form tokens with a secret key
of its own, so it refuses the other desk's forms. Therefore a page that stays open after a practice
run cannot text a real requester.
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
END = "/workspace/practice-desk/end"  # the only page about practice that the practice desk serves
_ELSEWHERE = ("account", "admin", "supervisor", "trainer", "notifications", "setup")


async def choose(request: Request) -> HTTPResponse | None:
    """Middleware: let the practice desk answer the requests of its agent's browser."""
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
    agent = await real.store.read(sign_in.signed_in, own, real.clock())
    return practice if agent and agent.id == practice.practice.agent_id else None


def _over(request: Request, real: AppContext, token: str) -> HTTPResponse:
    """Handle a request after the practice run has ended. A page leads to the score; other requests
    make their page reload."""
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
