"""Requests that their senders may repeat: a double click, a retry after a timeout.

API clients name a request with the header ``Idempotency-Key``; each form of a page carries an id of
its own. Both lead to a store whose commands are carried out once (``store/engine/command_ids.py``).
"""

import re
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import replace

from sanic import Request
from sanic.response import HTTPResponse, raw

from handoff_service.context import AppContext
from handoff_service.errors import BadInput, Unavailable
from handoff_service.operations.desk.sign_in import CurrentAgent
from handoff_service.store.engine.command_ids import (
    CommandId,
    Response,
    first_response,
    hash_of,
    keep_response,
)
from handoff_service.web.shared.rendering import form_field

UNSAFE = frozenset({"POST", "PUT", "PATCH", "DELETE"})
HEADER = "Idempotency-Key"
REPEATED = "Idempotent-Replayed"  # is true on an answer that was given before
KEY = r"[\x21-\x7e]{1,255}"
FORM_FIELD = "command"


async def once(
    request: Request,
    desk: AppContext,
    agent: CurrentAgent,
    serve: Callable[[], Awaitable[HTTPResponse]],
) -> HTTPResponse:
    """The answer of an API call. Under a key that was used before: the first answer again.

    BadInput for a header that is no key. OtherBody (422) for a key that was used for another
    request.
    """
    key = request.headers.get(HEADER)
    if key is None or request.method not in UNSAFE:
        return await serve()
    if not re.fullmatch(KEY, key):
        raise BadInput(errors={HEADER: "must have 1 to 255 visible ASCII characters"})
    asked = hash_of(request.method, request.path, request.query_string, request.body)
    id = CommandId(hash_of(str(agent.id), key), asked)
    before = await desk.store.read(first_response, id, desk.clock())
    if before is not None:
        headers = {REPEATED: "true"}
        kind = "application/json" if before.body else ""
        return raw(before.body, status=before.status, content_type=kind, headers=headers)
    _carry_out_under(request, desk, id)
    answer = await serve()
    body = (answer.body or b"").decode()
    with suppress(Unavailable):  # a repeat is then answered from what the commands answered
        await desk.store.write(keep_response, Response(id=id, status=answer.status, body=body))
    return answer


def form_once(request: Request, desk: AppContext, agent: CurrentAgent) -> None:
    """Carry out a form once, however often it is sent with the same fields."""
    if request.method not in UNSAFE or not request.body:  # a picture's body is read by its handler
        return
    name = form_field(request, FORM_FIELD)
    if name:
        id = hash_of("form", str(agent.id), request.path, name, request.body)
        _carry_out_under(request, desk, CommandId(id, ""))


def _carry_out_under(request: Request, desk: AppContext, id: CommandId) -> None:
    """Let the request write under this id from now on: see ``session.desk_of``."""
    request.ctx.desk = replace(desk, store=desk.store.under(id))
