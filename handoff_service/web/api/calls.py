"""The decorators that describe API calls, and the routes that serve them.

``@get("/queues/{id}", summary="One queue")`` describes a call. The type hints of the decorated
function define the call's body, query and answer.
"""

import functools
import json
import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from types import ModuleType
from typing import Any, get_args, get_type_hints

from pydantic import TypeAdapter, ValidationError
from sanic import Blueprint, Request
from sanic.response import HTTPResponse, empty, raw

from handoff_service.context import AppContext
from handoff_service.errors import BadInput
from handoff_service.operations.desk.sign_in import CurrentAgent
from handoff_service.operations.shared.field_checks import COUNTRY
from handoff_service.operations.shared.field_types import reads_numbers
from handoff_service.operations.shared.read_fields import errors_of
from handoff_service.rules.shared.vocabulary import Role
from handoff_service.store.desk.desk import desk_country
from handoff_service.web.api.bodies import Body, Nothing
from handoff_service.web.api.token_scopes import scope_of
from handoff_service.web.shared import session
from handoff_service.web.shared.client_address import client_address
from handoff_service.web.shared.repeats import once
from handoff_service.web.shared.request_bytes import BIGGEST
from handoff_service.web.shared.session import bearer, desk_of

LIVE = session.LIVE
ADMIN = (Role.ADMIN,)
WRITERS = (Role.ADMIN, Role.SUPERVISOR)


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiRequest[B, Q]:
    """A request after parsing and validation."""

    desk: AppContext
    agent: CurrentAgent
    body: B
    query: Q
    id: int  #: the id in the path; 0 without one
    address: str  #: the client's IP address
    below: int = 0  #: the second id in the path: an object that belongs to the object ``id``
    token: str = ""  #: the bearer token
    name: str = ""  #: the name in the path, for objects without an id


type Handle = Callable[[ApiRequest[Any, Any]], Awaitable[Any]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """The description of an API call."""

    method: str
    path: str  #: under ``/api``, in Sanic's syntax
    summary: str
    handle: Handle
    answer: Any  #: the type of the answer; None for an empty answer
    status: int = 200  #: the status of a successful answer; 204 for an empty one
    body: type[Body] | None = None
    query: type[Body] = Nothing
    #: the roles that may make the call, besides admins; empty: anyone, without sign-in
    roles: tuple[Role, ...] = LIVE
    media_type: str = "application/json"
    takes: str | None = None  #: the media type of a body that is not JSON


CALL = "api_call"  # the attribute of a handler function that contains its ``Call``


def _described[H: Handle](
    method: str,
    path: str,
    *,
    summary: str,
    roles: tuple[Role, ...] = LIVE,
    status: int | None = None,
) -> Callable[[H], H]:
    """Return a decorator that attaches a ``Call`` to a handler. ``path``: under ``/api/v1``, with
    ids or ``{name}`` in braces. ``status``: by default 200, or 204 if the handler returns None."""

    def attach(handle: H) -> H:
        hints = get_type_hints(handle)
        answer = None if (given := hints.pop("return")) is type(None) else given
        (asked,) = hints.values()
        body, query = (_body_or_none(one) for one in get_args(asked))
        handle.__dict__[CALL] = Call(
            method=method,
            path="/v1" + re.sub(r"{(\w+)}", r"<\1:int>", path.replace("{name}", "<name:str>")),
            summary=summary,
            handle=handle,
            answer=answer,
            status=status or (204 if answer is None else 200),
            body=body,
            query=query or Nothing,
            roles=roles,
        )
        return handle

    return attach


def _body_or_none(hint: Any) -> type[Body] | None:
    """Return the model in a type hint for a body or query, or None for a call without one. Raises
    TypeError for any other hint."""
    if hint in (Any, type(None)):
        return None
    if isinstance(hint, type) and issubclass(hint, Body):
        return hint
    raise TypeError(f"{hint} is not a Body")


get = functools.partial(_described, "GET")
post = functools.partial(_described, "POST")
put = functools.partial(_described, "PUT")
patch = functools.partial(_described, "PATCH")
delete = functools.partial(_described, "DELETE")


def calls_of(module: ModuleType) -> tuple[Call, ...]:
    """Return the calls that a module describes, in the order of its functions."""
    own = (
        one for one in vars(module).values() if getattr(one, "__module__", "") == module.__name__
    )
    return tuple(one.__dict__[CALL] for one in own if CALL in getattr(one, "__dict__", ()))


NOBODY = CurrentAgent(0, "", "", frozenset(), "")


@functools.cache  # building an adapter takes milliseconds, and many calls have the same answer type
def _shape(of: Any) -> TypeAdapter[Any]:
    return TypeAdapter(of)


def route(blueprint: Blueprint, call: Call) -> None:
    """Add the route that serves a call to the blueprint."""
    answer = _shape(call.answer)
    has_numbers = any(
        reads_numbers(model) for model in (call.body, call.query) if model is not None
    )
    scope = scope_of(call.method, call.path)
    name = f"{call.method.lower()}_{call.path.replace('/', '_')}"

    # parameter names must match the ids in the path
    async def serve(request: Request, id: int = 0, name: str = "", **below: int) -> HTTPResponse:
        agent = await bearer(request, *call.roles, scope=scope) if call.roles else NOBODY
        country = await desk_of(request).store.read(desk_country) if has_numbers else None
        body = read_body(call, request, country)
        query = _checked(
            call.query, json.dumps({k: v[0] for k, v in request.get_args(True).items()}), country
        )

        async def carry_out() -> HTTPResponse:
            asked = ApiRequest(
                desk=desk_of(request),
                agent=agent,
                body=body,
                query=query,
                id=id,
                address=client_address(request),
                below=next(iter(below.values()), 0),
                token=request.token or "",
                name=name,
            )
            result = await call.handle(asked)
            if call.status == 204:
                return empty()
            return raw(answer.dump_json(result), status=call.status, content_type=call.media_type)

        return (
            await once(request, desk_of(request), agent, carry_out)
            if call.roles
            else await carry_out()
        )

    blueprint.add_route(serve, call.path, methods=[call.method], name=name, error_format="json")


def read_body(call: Call, request: Request, country: str | None) -> Body | None:
    """Parse the request's body, or return None if the call has no body. Raises BadInput, which
    names each wrong field."""
    if call.body is None:
        return None
    if "json" not in (request.content_type or ""):
        raise BadInput("Send JSON, with Content-Type: application/json.")
    return _checked(call.body, request.body or b"{}", country, strict=True)


def _checked(
    model: type[Body], text: str | bytes, country: str | None, *, strict: bool = False
) -> Body:
    """Parse JSON into a model. ``country``: for reading national phone numbers. ``strict``: "4" is
    not a number, and false is not 0. Raises BadInput, which names each wrong field and its
    requirement.
    """
    sent = _parsed(text)
    try:
        read = model.model_validate_json(
            json.dumps(sent), strict=strict, context={COUNTRY: country}
        )
    except ValidationError as error:
        raise _bad_input(errors_of(error)) from error
    # query values are strings in ``sent``, so check the parsed integers
    numbers = {name: value for name, value in read if isinstance(value, int)}
    refused = {
        name: why for name, value in (sent | numbers).items() if (why := not_storable(value))
    }
    if refused:
        raise _bad_input(refused)
    return read


def _bad_input(errors: dict[str, str]) -> BadInput:
    return BadInput("; ".join(f"{name}: {why}" for name, why in errors.items()), errors=errors)


def _parsed(text: str | bytes) -> Any:
    """Parse JSON. Parse 4.0 as the integer 4, because JSON Schema regards it as an integer."""
    try:
        return json.loads(
            text, parse_float=lambda number: int(n) if (n := float(number)).is_integer() else n
        )
    except (ValueError, RecursionError) as error:
        raise BadInput("The body must be JSON in UTF-8.") from error


def not_storable(value: Any) -> str | None:
    """Return why the database cannot store a JSON value or a value inside it, or None if it can."""
    if isinstance(value, str):
        return "must not contain the character U+0000" if "\0" in value else None
    if isinstance(value, int):
        return None if -BIGGEST <= value <= BIGGEST else "must be a whole number of 64 bits"
    inside = (
        [*value, *value.values()]
        if isinstance(value, dict)
        else value
        if isinstance(value, list)
        else []
    )
    return next((why for one in inside if (why := not_storable(one))), None)
