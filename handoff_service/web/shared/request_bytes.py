"""Keeps from handlers: bytes that are no text, and whole numbers that no database holds.

Python keeps bytes of a header that are no UTF-8 as surrogates, which nothing can encode again;
PostgreSQL takes no NUL in a text. Both are refused here for all of a request, so that no handler
needs to think of them.
"""

from typing import Any

from sanic import Request, Sanic

from handoff_service.errors import BadInput

BIGGEST = 2**63 - 1  # that a database's whole number holds
NO_NUL = "must not hold the character U+0000 (NUL)"
FORMS = ("application/x-www-form-urlencoded", "multipart/form-data")


def protect(app: Sanic[Any, Any]) -> None:
    """Register the check and the bounded ``<id:int>`` with an app, before its routes."""
    app.router.register_pattern("int", path_id, r"^[0-9]{1,19}$")
    app.register_middleware(check_bytes, "request")


def path_id(text: str) -> int:
    """An id in a path. ValueError, so 404, for what is none or what no row can have."""
    if not (text.isascii() and text.isdigit()) or len(text) > 19 or int(text) > BIGGEST:
        raise ValueError(text)
    return int(text)


async def check_bytes(request: Request) -> None:
    """BadInput for a request whose head is no UTF-8, or that holds the character U+0000 outside of
    a file.

    A webhook's body may hold it: it is replaced there. A body that is JSON is checked where it is
    read.
    """
    head = request.head
    if b"\0" in head or b"%00" in head.split(b"\r\n", 1)[0]:
        _refuse_nul(request.args)
        raise BadInput(f"The request {NO_NUL}.")
    if not head.isascii():
        try:
            head.decode()
        except UnicodeDecodeError as error:
            raise BadInput("The headers must be UTF-8.") from error
    if request.body and not request.path.startswith("/webhooks/"):
        check_form(request)


def check_form(request: Request) -> None:
    """The same for the fields of a form. A handler that reads its body by itself calls this when it
    has."""
    if not (request.content_type or "").startswith(FORMS):
        return
    _refuse_nul(request.form or {})


def _refuse_nul(fields: Any) -> None:
    """BadInput that names the fields with a NUL in them."""
    wrong = [
        name for name, given in fields.items() if any("\0" in f"{name}{value}" for value in given)
    ]
    if wrong:
        raise BadInput(errors={name.replace("\0", ""): NO_NUL for name in wrong})


def id_field(text: str, name: str, what: str = "an id") -> int:
    """An id in a form's field. BadInput names the field."""
    try:
        return path_id(text.strip())
    except ValueError as error:
        raise BadInput(errors={name: f"must be {what}"}) from error
