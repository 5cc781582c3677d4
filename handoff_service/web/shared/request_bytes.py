"""Input checks before any handler: bytes that are not UTF-8, NUL characters, and integers that no
database can store.

Python keeps non-UTF-8 bytes of a header as surrogates, which cannot be encoded again. PostgreSQL
rejects NUL in a text. Both checks cover the whole request, so handlers need none.
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
    """Register the check and the bounded ``<id:int>`` with an app. Call this before adding its
    routes."""
    app.router.register_pattern("int", path_id, r"^[0-9]{1,19}$")
    app.register_middleware(check_bytes, "request")


def path_id(text: str) -> int:
    """Parse an id in a path. Raises ValueError, which leads to a 404, for anything that cannot be a
    row's id."""
    if not (text.isascii() and text.isdigit()) or len(text) > 19 or int(text) > BIGGEST:
        raise ValueError(text)
    return int(text)


async def check_bytes(request: Request) -> None:
    """Raise BadInput if the request's address or headers are not UTF-8, or if it has the character
    U+0000 outside of a file.

    A webhook's body may contain U+0000, and the webhook's handler replaces it. The API checks a
    JSON body when it parses it.
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
    """Check the fields of a form. A handler that reads its own body calls this afterwards."""
    if not (request.content_type or "").startswith(FORMS):
        return
    _refuse_nul(request.form or {})


def _refuse_nul(fields: Any) -> None:
    """Raise BadInput, which names the fields with a NUL."""
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
