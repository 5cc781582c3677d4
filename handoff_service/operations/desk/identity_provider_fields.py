"""The fields of an identity provider in the desk file, the API and the admin page."""

from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from handoff_service.operations.shared.field_types import Names, OneLine, Roles
from handoff_service.rules.desk import identity_providers as rules
from handoff_service.rules.desk.identity_providers import (
    GROUPS_CLAIM,
    MOST_MAPPED,
    SCOPES,
    IdentityProviderFields,
)


def _issuer(value: str) -> str:
    if wrong := rules.issuer_error(value):
        raise ValueError(wrong)
    return value


Issuer = Annotated[str, Field(min_length=1, max_length=1000), AfterValidator(_issuer)]
ClientId = Annotated[OneLine, Field(max_length=200)]
ClientSecret = Annotated[str, Field(max_length=1000)]
Scopes = Annotated[str, Field(max_length=500)]
RolesByGroup = Annotated[dict[OneLine, Roles], Field(max_length=MOST_MAPPED)]
GroupsByGroup = Annotated[dict[OneLine, Names], Field(max_length=MOST_MAPPED)]
Domains = Annotated[list[OneLine], Field(max_length=50)]


class IdentityProviderEntry(BaseModel):
    """An OpenID Connect provider.

    - ``client_secret``: later imports may omit it; empty: a public client, which has no secret.
    - ``scopes``: the scopes that Patchboard requests in addition to openid.
    - ``groups_claim``: the claim that lists a person's groups at the provider.
    - ``roles``: group at the provider -> roles here; empty: admins choose the roles.
    - ``groups``: group at the provider -> groups here.
    - ``domains``: the domains of the e-mail addresses that may sign in; empty: all domains.
    - ``creates_accounts``: whether Patchboard creates an account for a person who has none.
    - ``asks_second_factor``: whether Patchboard asks for its own second factor too.
    - ``trusts_addresses``: whether an e-mail address counts as verified even if the provider does
      not say so.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: OneLine
    issuer: Issuer
    client_id: ClientId
    client_secret: ClientSecret | None = None
    scopes: Scopes = SCOPES
    groups_claim: OneLine = GROUPS_CLAIM
    roles: RolesByGroup = {}
    groups: GroupsByGroup = {}
    domains: Domains = []
    creates_accounts: bool = False
    asks_second_factor: bool = False
    trusts_addresses: bool = False
    active: bool = True

    def to_fields(self) -> IdentityProviderFields:
        return IdentityProviderFields(**self.model_dump(exclude={"client_secret"}))
