"""A call of the API: what it takes, what it gives, who may make it. The edge where JSON becomes
commands."""

import functools
import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    GetJsonSchemaHandler,
    TypeAdapter,
    ValidationError,
    WithJsonSchema,
)
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema
from sanic import Blueprint, Request
from sanic.response import HTTPResponse, empty, raw

from handoff_service.context import AppContext
from handoff_service.errors import BadInput
from handoff_service.operations.desk.sign_in import CurrentAgent
from handoff_service.operations.shared.field_types import COUNTRY, reads_numbers, words_of
from handoff_service.rules.shared.vocabulary import Role
from handoff_service.store.desk.desk import desk_country
from handoff_service.web.shared import session
from handoff_service.web.shared.client_address import client_address
from handoff_service.web.shared.repeats import once
from handoff_service.web.shared.request_bytes import BIGGEST
from handoff_service.web.shared.session import bearer, desk_of

LIVE = session.LIVE


class Body(BaseModel):
    """What a request's JSON or query holds. Unknown names are refused, so that a typing error is
    seen."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Patch(Body):
    """What a change holds: a field that is not given stays. Null is refused but for those in
    ``may_be_null``."""

    may_be_null: ClassVar[frozenset[str]] = frozenset()

    def given(self) -> dict[str, Any]:
        """The fields that the change names. BadInput for a null that means nothing."""
        values = {name: getattr(self, name) for name in self.model_fields_set}
        empty = [
            name for name, value in values.items() if value is None and name not in self.may_be_null
        ]
        if empty:
            raise BadInput(errors=dict.fromkeys(empty, "must not be null"))
        return values

    @classmethod
    def __get_pydantic_json_schema__(
        cls, core: CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        made = handler.resolve_ref_schema(handler(core))
        kept = {name: made["properties"][name] for name in cls.may_be_null}
        made["properties"] = {
            name: never_null(one) for name, one in made["properties"].items()
        } | kept
        return made


def never_null(schema: dict[str, Any]) -> dict[str, Any]:
    """The JSON schema of what may be left out, but is never null."""
    kinds = [kind for kind in schema.get("anyOf", []) if kind != {"type": "null"}]
    rest = {
        key: value
        for key, value in schema.items()
        if key != "anyOf" and (key, value) != ("default", None)
    }
    return rest | (kinds[0] if len(kinds) == 1 else {"anyOf": kinds}) if kinds else rest


class Nothing(Body):
    """No parameters."""


class Paging(Body):
    """``cursor`` is the ``next`` of the page before."""

    cursor: (
        Annotated[str, WithJsonSchema({"type": "string", "pattern": "^[0-9]{1,18}$"})] | None
    ) = None
    limit: int = Field(50, ge=1, le=200)

    @property
    def after(self) -> int:
        """The id that the page before ended with; 0 for the first page."""
        cursor = "0" if self.cursor is None else self.cursor
        if not (cursor.isascii() and cursor.isdigit() and len(cursor) <= 18):
            raise BadInput(errors={"cursor": "must be the next cursor of an earlier page"})
        return int(cursor)


@dataclass(frozen=True, slots=True, kw_only=True)
class Page[T]:
    """One page of a list. ``next`` is null on the last one."""

    items: list[T]
    next: str | None


def page[T](found: list[T], limit: int, key: Callable[[T], int]) -> Page[T]:
    """A page from a query that was asked for one item more than the limit."""
    items = found[:limit]
    return Page(items=items, next=str(key(items[-1])) if len(found) > limit else None)


def page_of[T](found: list[T], paging: Paging, key: Callable[[T], int]) -> Page[T]:
    """A page of a list that is read whole, in the list's own order."""
    ids = [key(one) for one in found]
    begins = ids.index(paging.after) + 1 if paging.after in ids else 0
    return page(found[begins : begins + paging.limit + 1], paging.limit, key)


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiRequest[B, Q]:
    """A request, read and checked. ``below`` is the path's second number: something that belongs to
    ``id``. ``token`` is the session's."""

    desk: AppContext
    agent: CurrentAgent
    body: B
    query: Q
    id: int
    address: str
    below: int = 0
    token: str = ""


type Handle = Callable[[ApiRequest[Any, Any]], Awaitable[Any]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One row of the API's table. ``path`` is Sanic's, under ``/api``. ``roles``: who may make the
    call, and admins; live agents unless the row says otherwise; empty: no sign-in is needed.

    A status of 204 answers nothing. ``takes``: the media type of a body that is not JSON.
    """

    method: str
    path: str
    summary: str
    handle: Handle
    answer: Any
    status: int = 200
    body: type[Body] | None = None
    query: type[Body] = Nothing
    roles: tuple[Role, ...] = LIVE
    media_type: str = "application/json"
    takes: str | None = None


NOBODY = CurrentAgent(0, "", "", frozenset(), "")


@functools.cache  # building one takes milliseconds, and many calls answer the same
def _shape(of: Any) -> TypeAdapter[Any]:
    return TypeAdapter(of)


def route(blueprint: Blueprint, call: Call) -> None:
    """Serve a call."""
    answer = _shape(call.answer)
    has_numbers = any(
        reads_numbers(model) for model in (call.body, call.query) if model is not None
    )
    name = f"{call.method.lower()}_{call.path.replace('/', '_')}"

    # the path's own words
    async def serve(request: Request, id: int = 0, **below: int) -> HTTPResponse:
        agent = await bearer(request, *call.roles) if call.roles else NOBODY
        country = await desk_of(request).store.read(desk_country) if has_numbers else None
        body = _body(call, request, country)
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


def _body(call: Call, request: Request, country: str | None) -> Body | None:
    if call.body is None:
        return None
    if "json" not in (request.content_type or ""):
        raise BadInput("Send JSON, with Content-Type: application/json.")
    return _checked(call.body, request.body or b"{}", country, strict=True)


def _checked(
    model: type[Body], text: str | bytes, country: str | None, *, strict: bool = False
) -> Body:
    """Read JSON as a model, national phone numbers with ``country``. BadInput names each field and
    what would be right.

    Query values are JSON strings; a body is read strictly: "4" is no number, and false is not 0.
    """
    sent = _parsed(text)
    try:
        read = model.model_validate_json(
            json.dumps(sent), strict=strict, context={COUNTRY: country}
        )
    except ValidationError as error:
        raise BadInput(
            "; ".join(f"{_where(fault)}: {words_of(fault)}" for fault in error.errors()),
            errors={_where(fault): words_of(fault) for fault in error.errors()},
        ) from error
    # from a query, where they were strings
    numbers = {name: value for name, value in read if isinstance(value, int)}
    refused = {
        name: why for name, value in (sent | numbers).items() if (why := not_storable(value))
    }
    if refused:
        raise BadInput("; ".join(f"{name}: {why}" for name, why in refused.items()), errors=refused)
    return read


def _parsed(text: str | bytes) -> Any:
    """JSON, in which 4.0 is the whole number 4, as JSON Schema has it."""
    try:
        return json.loads(
            text, parse_float=lambda said: int(n) if (n := float(said)).is_integer() else n
        )
    except (ValueError, RecursionError) as error:
        raise BadInput("The body must be JSON in UTF-8.") from error


def not_storable(value: Any) -> str | None:
    """What no database takes, wherever in a field it is."""
    if isinstance(value, str):
        return "must not hold the character U+0000" if "\0" in value else None
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


def _where(fault: Any) -> str:
    """The field's name. What pydantic adds behind it (which member of a union it tried) means
    nothing to a caller."""
    return str(fault["loc"][0]) if fault["loc"] else "body"
