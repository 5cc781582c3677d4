"""Checks each request before its handler runs. Rejects bytes that are not UTF-8, NUL characters,
and integers that the database cannot store.

Sanic decodes non-UTF-8 bytes of a header to surrogates, which cannot be encoded again. PostgreSQL
rejects NUL characters. Handlers need no such checks of their own.
"""

from typing import Any

from sanic import Request, Sanic

from handoff_service.errors import BadInput
from handoff_service.rules.shared.phrases import phrase

BIGGEST = 2**63 - 1  # the largest integer in a database column
NO_NUL = phrase("must not contain the character U+0000 (NUL)")
AN_ID, A_LABEL = phrase("must be an id"), phrase("must be a label's id")
A_USER, A_USER_OR_NONE = (
    phrase("must be a user's id"),
    phrase("must be a user's id, or empty for nobody"),
)
FORMS = ("application/x-www-form-urlencoded", "multipart/form-data")


def protect(app: Sanic[Any, Any]) -> None:
    """Add the middleware ``check_bytes`` to an app, and limit ``<id:int>`` in paths to the ids that
    the database can store. Call this before you add routes."""
    app.router.register_pattern("int", path_id, r"^[0-9]{1,19}$")
    app.register_middleware(check_bytes, "request")


def path_id(text: str) -> int:
    """Parse an id in a path. Raises ValueError for an impossible id. Sanic then answers 404."""
    if not (text.isascii() and text.isdigit()) or len(text) > 19 or int(text) > BIGGEST:
        raise ValueError(text)
    return int(text)


async def check_bytes(request: Request) -> None:
    """Middleware: raise BadInput if the address or the headers are not UTF-8, or if the address,
    the headers or a form field contain the character U+0000.

    The bodies of webhooks may contain U+0000, because their handler replaces it. The API checks
    JSON bodies when it parses them.
    """
    head = request.head
    if b"\0" in head or b"%00" in head.split(b"\r\n", 1)[0]:
        _refuse_nul(request.args)
        raise BadInput(phrase("The request must not contain the character U+0000 (NUL)."))
    if not head.isascii():
        try:
            head.decode()
        except UnicodeDecodeError as error:
            raise BadInput(phrase("The headers must be UTF-8.")) from error
    if request.body and not request.path.startswith("/webhooks/"):
        check_form(request)


def check_form(request: Request) -> None:
    """Raise BadInput if a form field contains U+0000. A handler that reads the body itself must
    call this after reading it."""
    if not (request.content_type or "").startswith(FORMS):
        return
    _refuse_nul(request.form or {})


def _refuse_nul(fields: Any) -> None:
    """Raise BadInput, which names each field that contains a NUL character."""
    wrong = [
        name for name, given in fields.items() if any("\0" in f"{name}{value}" for value in given)
    ]
    if wrong:
        raise BadInput(errors={name.replace("\0", ""): NO_NUL for name in wrong})


def id_field(text: str, name: str, problem: str = AN_ID) -> int:
    """Parse an id in a form field. Raises BadInput, which names the field and the problem."""
    try:
        return path_id(text.strip())
    except ValueError as error:
        raise BadInput(errors={name: problem}) from error
