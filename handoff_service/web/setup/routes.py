"""Collects the routes of the set-up.

``/setup`` redirects an admin to the first step that is not done. The set-up token opens only the
first step, which creates an admin. The other steps are for admins, who can leave, resume and repeat
each step.
"""

from sanic import Blueprint

from handoff_service.web.setup import account, number, steps


def blueprint() -> Blueprint:
    """Return all routes under ``/setup``."""
    made = Blueprint("setup", url_prefix="/setup")
    for path, handler in {**account.PAGES, **steps.PAGES, **number.PAGES}.items():
        made.add_route(
            handler, path, methods=["GET"], name=f"get_{handler.__name__}", error_format="text"
        )
    for path, handler in {
        **account.POST_HANDLERS,
        **steps.POST_HANDLERS,
        **number.POST_HANDLERS,
    }.items():
        made.add_route(
            handler, path, methods=["POST"], name=f"post_{handler.__name__}", error_format="text"
        )
    return made
