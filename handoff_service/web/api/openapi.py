"""The API's documentation: an OpenAPI 3.1 document and a page, both generated from the calls."""

import asyncio
import functools
import json
import re
from collections.abc import Sequence
from typing import Any

from pydantic import TypeAdapter
from sanic import Blueprint, Request
from sanic.response import HTTPResponse, raw

from handoff_service import __version__
from handoff_service.web.api.bodies import Body, never_null
from handoff_service.web.api.calls import Call
from handoff_service.web.api.token_scopes import scope_of
from handoff_service.web.shared.rendering import render
from handoff_service.web.shared.repeats import HEADER, KEY, UNSAFE
from handoff_service.web.shared.request_bytes import BIGGEST

REFS = "#/components/schemas/{model}"
PROBLEM = {
    "type": "object",
    "required": ["type", "title", "status", "detail"],
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
        "errors": {"type": "object", "additionalProperties": {"type": "string"}},
    },
}
REFUSALS = {
    "400": "The request is not valid; errors names the wrong fields",
    "401": "The token is missing, has expired or was revoked",
    "403": "The agent's role does not allow the call, or the service token lacks the scope",
    "404": "There is no such object",
    "409": "The current state of the desk does not allow the call",
    "413": "The request is too large",
    "422": "The Idempotency-Key was used for another request",
    "429": "Too many attempts, or more requests than the service token may make",
    "503": "The service cannot do this now, for example because the database is unavailable",
}


IDEMPOTENCY_KEY = {
    "name": HEADER,
    "in": "header",
    "required": False,
    "description": "A key for this request, which lets you repeat the request safely. Within a "
    "day, a request with the same key and body changes nothing and returns the first answer. A "
    "request with the same key and another body is rejected with 422.",
    "schema": {"type": "string", "pattern": f"^{KEY}$"},
}


def document(calls: Sequence[Call]) -> dict[str, Any]:
    """Return the OpenAPI document of these calls."""
    schemas: dict[str, Any] = {"Problem": PROBLEM}
    paths: dict[str, dict[str, Any]] = {}
    for call in calls:
        path = "/api" + re.sub(r"<(\w+):\w+>", r"{\1}", call.path)
        paths.setdefault(path, {})[call.method.lower()] = _operation(call, path, schemas)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Patchboard",
            "version": __version__,
            "description": "Times are RFC 3339 UTC, numbers E.164.",
        },
        "paths": paths,
        "components": {
            "schemas": schemas,
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
        },
    }


def _operation(call: Call, path: str, schemas: dict[str, Any]) -> dict[str, Any]:
    parameters = [
        {
            "name": name,
            "in": "path",
            "required": True,
            "schema": {"type": "string"}
            if name == "name"
            else {"type": "integer", "minimum": 0, "maximum": BIGGEST},
        }
        for name in re.findall(r"{(\w+)}", path)
    ]
    query = _schema(call.query, schemas, mode="validation")
    for name, schema in schemas[query["$ref"].rsplit("/", 1)[1]].get("properties", {}).items():
        parameters.append(
            {"name": name, "in": "query", "required": False, "schema": never_null(schema)}
        )
    if call.method in UNSAFE and call.roles:
        parameters.append(IDEMPOTENCY_KEY)
    made: dict[str, Any] = {
        "summary": call.summary,
        "operationId": call.method.lower()
        + re.sub(r"[^a-z0-9]+", "_", path.removeprefix("/api/v1")),
        "responses": {
            str(call.status): _answer(call, schemas),
            **{
                status: {
                    "description": why,
                    "content": {
                        "application/problem+json": {
                            "schema": {"$ref": "#/components/schemas/Problem"}
                        }
                    },
                }
                for status, why in REFUSALS.items()
            },
        },
    }
    if parameters:
        made["parameters"] = parameters
    if call.roles:
        made["security"] = [{"token": []}]
        scope = scope_of(call.method, call.path)
        tokens = f"Service tokens: scope {scope}." if scope else "Service tokens: none."
        made["description"] = f"Roles: {', '.join(call.roles)}. {tokens}"
    if call.body is not None:
        content = {"application/json": {"schema": _schema(call.body, schemas, mode="validation")}}
        made["requestBody"] = {"required": True, "content": content}
    if call.takes is not None:
        binary = {"schema": {"type": "string", "format": "binary"}}
        made["requestBody"] = {"required": True, "content": {call.takes: binary}}
    return made


def _answer(call: Call, schemas: dict[str, Any]) -> dict[str, Any]:
    if call.status == 204:
        return {"description": call.summary}
    schema = _schema(call.answer, schemas, mode="serialization")
    return {"description": call.summary, "content": {call.media_type: {"schema": schema}}}


def _bounded(schema: Any) -> Any:
    """Limit integers to 64 bits, unless the schema has its own limits."""
    if isinstance(schema, list):
        return [_bounded(one) for one in schema]
    if not isinstance(schema, dict):
        return schema
    within = {"minimum": -BIGGEST, "maximum": BIGGEST} if schema.get("type") == "integer" else {}
    return within | {key: _bounded(value) for key, value in schema.items()}


def _schema(of: Any, schemas: dict[str, Any], *, mode: Any) -> dict[str, Any]:
    made = _bounded(TypeAdapter(of).json_schema(ref_template=REFS, mode=mode))
    schemas.update(made.pop("$defs", {}))
    name = re.sub(r"\W+", "_", getattr(of, "__name__", str(of))).strip("_")
    if made.get("type") == "object" and (
        isinstance(of, type) and (issubclass(of, Body) or "title" in made)
    ):
        schemas[name] = made
        return {"$ref": REFS.format(model=name)}
    return made


def _name(of: Any) -> str:
    """Return the name of an answer's type, such as Message or Page[Message], or an empty string
    for an empty answer."""
    if of is None:
        return ""
    return re.sub(r"(\w+\.)+", "", str(of)) if getattr(of, "__args__", None) else of.__name__


def docs_routes(blueprint: Blueprint, calls: Sequence[Call]) -> None:
    """Serve ``/api/v1/openapi.json`` and ``/api/docs``."""

    @functools.cache
    def described() -> "asyncio.Task[bytes]":
        """Generate the document on the first request. It takes 0.4 s, so it runs in a thread."""
        return asyncio.create_task(asyncio.to_thread(lambda: json.dumps(document(calls)).encode()))

    rows = [
        {
            "method": call.method,
            "path": "/api" + re.sub(r"<(\w+):\w+>", r"{\1}", call.path),
            "does": call.summary,
            "takes": ", ".join(
                f.alias or name for name, f in (call.body or call.query).model_fields.items()
            ),
            "gives": f"{call.status} {_name(call.answer)}".strip(),
        }
        for call in calls
    ]

    @blueprint.get("/v1/openapi.json", name="openapi")
    async def openapi(_request: Request) -> HTTPResponse:
        return raw(await asyncio.shield(described()), content_type="application/json")

    @blueprint.get("/docs", name="docs")
    async def docs(_request: Request) -> HTTPResponse:
        return render("api_docs.html", rows=rows)
