"""API calls that manage service tokens. Programs sign in to the API with these tokens. Only admins
may make these calls. A service token may not."""

from dataclasses import dataclass
from typing import Any

from handoff_service.errors import NotFound
from handoff_service.operations.desk.service_tokens import (
    MakeToken,
    TokenFields,
    make_token,
    new_secret,
    revoke_token,
)
from handoff_service.store.desk import service_tokens
from handoff_service.store.desk.service_tokens import ServiceToken
from handoff_service.web.api.bodies import Body, Page, Paging, page_of
from handoff_service.web.api.calls import ADMIN, ApiRequest, delete, get, post


class NewTokenBody(TokenFields, Body):
    """Creates a service token. ``days``: the number of days until it expires. ``rate``: the number
    of requests per minute that it allows."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CreatedToken:
    """``secret``: the value to send as ``Authorization: Bearer``. No later call returns it."""

    token: ServiceToken
    secret: str


@get("/service-tokens", summary="Service tokens, newest first", roles=ADMIN)
async def list_tokens(asked: ApiRequest[None, Paging]) -> Page[ServiceToken]:
    found = await asked.desk.store.read(service_tokens.list_)
    return page_of(found, asked.query, lambda one: one.id)


@get("/service-tokens/{id}", summary="One service token", roles=ADMIN)
async def one_token(asked: ApiRequest[Any, Any]) -> ServiceToken:
    found = await asked.desk.store.read(service_tokens.get, asked.id)
    if found is None:
        raise NotFound(f"There is no service token {asked.id}.")
    return found


@post(
    "/service-tokens",
    summary="Create a service token; its secret is returned only once",
    roles=ADMIN,
    status=201,
)
async def make(asked: ApiRequest[NewTokenBody, Any]) -> CreatedToken:
    command = MakeToken(**asked.body.model_dump(), secret=new_secret())
    made = await asked.desk.store.write(make_token, command)
    token = await asked.desk.store.read(service_tokens.get, made.id)
    assert token is not None
    return CreatedToken(token=token, secret=made.secret)


@delete(
    "/service-tokens/{id}",
    summary="Revoke a service token: its requests are rejected, and its event streams end",
    roles=ADMIN,
)
async def revoke(asked: ApiRequest[None, Any]) -> None:
    await asked.desk.store.write(revoke_token, asked.id)
