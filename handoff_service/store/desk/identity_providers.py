"""The identity providers that agents use for single sign-on."""

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection, Row, func, select

from handoff_service.errors import NotFound
from handoff_service.rules.desk.identity_providers import IdentityProviderFields
from handoff_service.rules.shared.phrases import phrase
from handoff_service.rules.shared.vocabulary import Role
from handoff_service.store.engine import tables as t
from handoff_service.store.views import IdentityProvider

p, i = t.identity_providers, t.agent_identities
FIELDS = (
    "name",
    "issuer",
    "client_id",
    "scopes",
    "groups_claim",
    "roles",
    "groups",
    "domains",
    "creates_accounts",
    "asks_second_factor",
    "trusts_addresses",
    "active",
)


def list_(conn: Connection) -> list[IdentityProvider]:
    """Return all providers, sorted by name."""
    return _read(conn, sa.true())


def active(conn: Connection) -> list[IdentityProvider]:
    """Return the providers that the sign-in page offers."""
    return _read(conn, p.c.active)


def of_issuer(conn: Connection, issuer: str) -> list[IdentityProvider]:
    """Return the providers with this issuer. There are several if an admin has registered this desk
    several times with one server."""
    return _read(conn, p.c.issuer == issuer)


def get(conn: Connection, provider_id: int) -> IdentityProvider:
    """Return this provider. Raises NotFound for an unknown id."""
    found = _read(conn, p.c.id == provider_id)
    if not found:
        raise NotFound(phrase("There is no identity provider {id}.", id=provider_id))
    return found[0]


def sealed_secret(conn: Connection, provider_id: int) -> str | None:
    """Return the sealed client secret; None for a public client or an unknown id."""
    return conn.execute(select(p.c.client_secret).where(p.c.id == provider_id)).scalar()


def fields_of(one: IdentityProvider) -> IdentityProviderFields:
    """Return the fields that an admin enters."""
    return IdentityProviderFields(**{name: getattr(one, name) for name in FIELDS})


def of_agent(conn: Connection, agent_id: int) -> list[str]:
    """Return the names of the providers with which an agent has signed in."""
    query = select(p.c.name).join(i, i.c.provider_id == p.c.id)
    return list(conn.execute(query.where(i.c.agent_id == agent_id).order_by(p.c.name)).scalars())


def of_session(conn: Connection, token_hash: str) -> tuple[int, str | None] | None:
    """Return the provider of a session and its sealed ID token; None for a session without single
    sign-on."""
    s = t.sessions
    row = conn.execute(
        select(s.c.provider_id, s.c.id_token).where(s.c.token_hash == token_hash)
    ).one_or_none()
    return (row[0], row[1]) if row and row[0] is not None else None


def _read(conn: Connection, where: sa.ColumnElement[bool]) -> list[IdentityProvider]:
    agents = (
        select(func.count(i.c.agent_id.distinct()))
        .where(i.c.provider_id == p.c.id)
        .scalar_subquery()
    )
    query = select(p, agents.label("agents")).where(where).order_by(func.lower(p.c.name), p.c.id)
    return [_view(row) for row in conn.execute(query)]


def _view(row: Row[Any]) -> IdentityProvider:
    return IdentityProvider(
        id=row.id,
        has_secret=row.client_secret is not None,
        agents=row.agents,
        **{name: getattr(row, name) for name in FIELDS if name not in ("roles", "groups")},
        roles={group: [Role(one) for one in roles] for group, roles in row.roles.items()},
        groups={group: list(_texts(names)) for group, names in row.groups.items()},
    )


def _texts(names: Sequence[Any]) -> list[str]:
    return [str(one) for one in names]
