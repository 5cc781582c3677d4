"""The set-up in the browser: from an empty database to the first answered text.

``/setup`` leads to the first step that is not done. Its token opens the first step alone, which
makes an admin; the other steps are for admins. Each step can be left, resumed and repeated.
"""

from sanic import Blueprint

from handoff_service.web.setup import account, number, steps


def blueprint() -> Blueprint:
    """Everything under ``/setup``."""
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
