"""Error pages. Each shows what failed and a link to continue. An agent with a session also gets a
button to sign out, except on a practice desk."""

from contextlib import suppress

from sanic import Request
from sanic.exceptions import MethodNotAllowed, NotFound, SanicException
from sanic.response import HTTPResponse

from handoff_service.errors import Refusal
from handoff_service.rules.shared.phrases import phrase
from handoff_service.web.shared.rendering import render
from handoff_service.web.shared.session import cookie_token, csrf_token, desk_of, home_of, signed_in

TITLES = {
    403: phrase("You don't have access"),
    404: phrase("Page not found"),
    405: phrase("This page cannot do that"),
    409: phrase("This cannot be done right now"),
    429: phrase("Too many attempts"),
    503: phrase("The service is unavailable right now"),
}
OTHERWISE = phrase("Something went wrong")
HOMES = {
    "/workspace": phrase("Go to the workspace"),
    "/workspace/trainer": phrase("Go to Trainer"),
    "/workspace/account": phrase("Go to your account"),
    "/sign-in": phrase("Sign in"),
}


def words_of(error: SanicException) -> str:
    """Describe one of Sanic's errors in our words."""
    if isinstance(error, NotFound):
        return phrase("There is nothing at this address. Check it for typing errors.")
    if isinstance(error, MethodNotAllowed):
        return phrase("This address does not accept this request. Go back and try again.")
    return str(error)


async def error_page(request: Request, status: int, reason: str) -> HTTPResponse:
    """Render an error page. Its link leads to a page that the agent may see.

    For a 503, do not read the session. The database may be unavailable, and waiting for it a
    second time would delay the answer.
    """
    home, token = "/sign-in", cookie_token(request)
    stays_connected = False  # whether the page keeps an event stream open
    if token:
        home = "/workspace"  # redirects each role to its own page, once the database is available
        if status != 503:
            with suppress(Refusal):
                agent = await signed_in(request)
                home, stays_connected = (home_of(agent), True) if agent else ("/sign-in", False)
    shows_sign_out = home != "/sign-in"
    return render(
        "error.html",
        status=status,
        title=TITLES.get(status, OTHERWISE),
        explanation=reason,
        home=home,
        home_label=HOMES[home],
        csrf=csrf_token(request) if shows_sign_out else "",
        signed_in=shows_sign_out and not desk_of(request).practice,
        stays_connected=stays_connected,
    )
