"""Makes requests idempotent, so a double click or a retry after a timeout changes nothing twice.

API clients identify a request with the header ``Idempotency-Key``. Each form on a page contains an
id. In both cases the store runs the same command only once (``store/engine/command_ids.py``).
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
REPEATED = "Idempotent-Replayed"  # the header of a replayed answer; its value is true
KEY = r"[\x21-\x7e]{1,255}"
FORM_FIELD = "command"


async def once(
    request: Request,
    desk: AppContext,
    agent: CurrentAgent,
    serve: Callable[[], Awaitable[HTTPResponse]],
) -> HTTPResponse:
    """Serve an API call. If its key was used before, replay the first answer.

    Raises BadInput for an invalid key, and OtherBody (422) for a key that was used for another
    request.
    """
    key = request.headers.get(HEADER)
    if key is None or request.method not in UNSAFE:
        return await serve()
    if not re.fullmatch(KEY, key):
        raise BadInput(errors={HEADER: "must have 1 to 255 visible ASCII characters"})
    asked = hash_of(request.method, request.path, request.query_string, request.body)
    id = CommandId(hash_of(str(agent.id), key), asked)
    before = await desk.store.read(first_response, desk.store.settings.sealer, id, desk.clock())
    if before is not None:
        headers = {REPEATED: "true"}
        kind = "application/json" if before.body else ""
        return raw(before.body, status=before.status, content_type=kind, headers=headers)
    _carry_out_under(request, desk, id)
    answer = await serve()
    body = (answer.body or b"").decode()
    # even if the answer is not stored, a repeated request runs no command twice
    with suppress(Unavailable):
        await desk.store.write(keep_response, Response(id=id, status=answer.status, body=body))
    return answer


def form_once(request: Request, desk: AppContext, agent: CurrentAgent) -> None:
    """Run the commands of a form only once, even if the browser sends the same form several
    times.
    """
    # handlers of picture uploads read the body themselves
    if request.method not in UNSAFE or not request.body:
        return
    name = form_field(request, FORM_FIELD)
    if name:
        id = hash_of("form", str(agent.id), request.path, name, request.body)
        _carry_out_under(request, desk, CommandId(id, ""))


def _carry_out_under(request: Request, desk: AppContext, id: CommandId) -> None:
    """Use this id for all further writes of the request: see ``session.desk_of``."""
    request.ctx.desk = replace(desk, store=desk.store.under(id))
