"""Agents' second factors."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, func, select

from handoff_service.lib.passkey_checks import KnownPasskey
from handoff_service.rules.shared.vocabulary import Role
from handoff_service.store.desk.sign_in_policy import policy
from handoff_service.store.engine import tables as t
from handoff_service.store.views import Passkey, SecondFactor

app, codes, keys, r = t.authenticators, t.backup_codes, t.passkeys, t.agent_roles


@dataclass(frozen=True, slots=True, kw_only=True)
class Authenticator:
    """An agent's authenticator app. ``sealed``: the sealed secret. ``last_step``: the time step of
    the last code that was used."""

    sealed: str
    confirmed_at: datetime | None
    last_step: int


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredPasskey:
    """A passkey and its agent."""

    id: int
    agent_id: int
    known: KnownPasskey


def authenticator(conn: Connection, agent_id: int) -> Authenticator | None:
    row = conn.execute(select(app).where(app.c.agent_id == agent_id)).one_or_none()
    if row is None:
        return None
    return Authenticator(sealed=row.secret, confirmed_at=row.confirmed_at, last_step=row.last_step)


def passkeys_of(conn: Connection, agent_id: int) -> list[Passkey]:
    """Return the agent's passkeys, oldest first."""
    columns = keys.c["id", "name", "created_at", "last_used_at"]
    rows = conn.execute(select(*columns).where(keys.c.agent_id == agent_id).order_by(keys.c.id))
    return [Passkey(**row._mapping) for row in rows]


def credential_ids(conn: Connection, agent_id: int) -> list[str]:
    """Return the credential ids of the agent's passkeys."""
    query = select(keys.c.credential_id).where(keys.c.agent_id == agent_id).order_by(keys.c.id)
    return list(conn.execute(query).scalars())


def any_passkey(conn: Connection) -> bool:
    """Return whether any agent has a passkey. The sign-in page then offers passkeys."""
    return conn.execute(select(keys.c.id).limit(1)).first() is not None


def passkey(conn: Connection, credential_id: str) -> StoredPasskey | None:
    row = conn.execute(select(keys).where(keys.c.credential_id == credential_id)).one_or_none()
    if row is None:
        return None
    known = KnownPasskey(
        credential_id=row.credential_id, public_key=row.public_key, sign_count=row.sign_count
    )
    return StoredPasskey(id=row.id, agent_id=row.agent_id, known=known)


def second_factor_of(conn: Connection, agent_id: int) -> SecondFactor:
    """Return an agent's second factors, and whether a role requires one."""
    found = authenticator(conn, agent_id)
    codes_left = select(func.count()).select_from(codes).where(codes.c.agent_id == agent_id)
    roles = conn.execute(select(r.c.role).where(r.c.agent_id == agent_id)).scalars()
    return SecondFactor(
        required=policy(conn).needs_second_factor([Role(one) for one in roles]),
        authenticator=found is not None and found.confirmed_at is not None,
        backup_codes=conn.execute(codes_left).scalar_one(),
        passkeys=passkeys_of(conn, agent_id),
    )
