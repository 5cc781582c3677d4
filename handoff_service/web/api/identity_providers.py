"""API calls for identity providers (single sign-on). Only admins may read and change them."""

from typing import Any

from pydantic import Field

from handoff_service.errors import BadInput
from handoff_service.operations.desk.identity_provider_fields import (
    ClientId,
    ClientSecret,
    Domains,
    GroupsByGroup,
    IdentityProviderEntry,
    Issuer,
    RolesByGroup,
    Scopes,
)
from handoff_service.operations.desk.identity_providers import (
    PutIdentityProvider,
    access_to,
    delete_identity_provider,
    entry_of,
    save_identity_provider,
)
from handoff_service.operations.shared.field_types import OneLine
from handoff_service.operations.shared.read_fields import read_as
from handoff_service.ports.identity_providers import SignInFailed
from handoff_service.rules.desk.identity_providers import GROUPS_CLAIM, SCOPES
from handoff_service.store.desk import identity_providers
from handoff_service.store.views import IdentityProvider
from handoff_service.web.api.bodies import Body, Page, Paging, Patch, page_of
from handoff_service.web.api.calls import ADMIN, ApiRequest, delete, get, patch, post


class NewIdentityProviderBody(Body):
    """Creates an identity provider, with the fields of a desk file. Without a ``client_secret``,
    Patchboard is a public client of the provider."""

    name: OneLine
    issuer: Issuer
    client_id: ClientId
    client_secret: ClientSecret | None = None
    scopes: Scopes = SCOPES
    groups_claim: OneLine = GROUPS_CLAIM
    roles: RolesByGroup = Field({})
    groups: GroupsByGroup = Field({})
    domains: Domains = Field([])
    creates_accounts: bool = False
    asks_second_factor: bool = False
    trusts_addresses: bool = False
    active: bool = True


class IdentityProviderBody(Patch):
    """Changes an identity provider. Omitted fields keep their values. An empty ``client_secret``
    deletes the stored secret."""

    name: OneLine | None = None
    issuer: Issuer | None = None
    client_id: ClientId | None = None
    client_secret: ClientSecret | None = None
    scopes: Scopes | None = None
    groups_claim: OneLine | None = None
    roles: RolesByGroup | None = None
    groups: GroupsByGroup | None = None
    domains: Domains | None = None
    creates_accounts: bool | None = None
    asks_second_factor: bool | None = None
    trusts_addresses: bool | None = None
    active: bool | None = None


@get("/identity-providers", summary="Identity providers, by name", roles=ADMIN)
async def list_providers(asked: ApiRequest[None, Paging]) -> Page[IdentityProvider]:
    found = await asked.desk.store.read(identity_providers.list_)
    return page_of(found, asked.query, lambda one: one.id)


@get("/identity-providers/{id}", summary="One identity provider", roles=ADMIN)
async def one_provider(asked: ApiRequest[Any, Any]) -> IdentityProvider:
    return await asked.desk.store.read(identity_providers.get, asked.id)


@post("/identity-providers", summary="Create an identity provider", roles=ADMIN, status=201)
async def make(asked: ApiRequest[NewIdentityProviderBody, Any]) -> IdentityProvider:
    entry = IdentityProviderEntry(**asked.body.model_dump())
    command = PutIdentityProvider(fields=entry.to_fields(), client_secret=entry.client_secret)
    made = await asked.desk.store.write(save_identity_provider, command)
    return await asked.desk.store.read(identity_providers.get, made)


@patch("/identity-providers/{id}", summary="Change an identity provider", roles=ADMIN)
async def change(asked: ApiRequest[IdentityProviderBody, Any]) -> IdentityProvider:
    stored = await asked.desk.store.read(entry_of, asked.id)
    entry = read_as(IdentityProviderEntry, {**stored, **asked.body.given()})
    command = PutIdentityProvider(
        id=asked.id, fields=entry.to_fields(), client_secret=entry.client_secret
    )
    await asked.desk.store.write(save_identity_provider, command)
    return await one_provider(asked)


@delete(
    "/identity-providers/{id}",
    summary="Delete an identity provider; its agents keep their accounts",
    roles=ADMIN,
)
async def remove(asked: ApiRequest[None, Any]) -> None:
    await asked.desk.store.write(delete_identity_provider, asked.id)


@post(
    "/identity-providers/{id}/check",
    summary="Check whether an identity provider can be reached: read its configuration and keys",
    roles=ADMIN,
)
async def check(asked: ApiRequest[None, Any]) -> None:
    one = await asked.desk.store.read(identity_providers.get, asked.id)
    access = await asked.desk.store.read(access_to, asked.desk.store.settings, one)
    try:
        await asked.desk.identity_providers.check(access)
    except SignInFailed as failed:
        raise BadInput(str(failed), errors={"issuer": str(failed)}) from failed
