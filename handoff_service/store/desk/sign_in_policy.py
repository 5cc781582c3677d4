"""The desk's sign-in policy, and what it requires from an agent."""

from collections.abc import Collection
from typing import Any

from sqlalchemy import Connection, Row, func, select

from handoff_service.rules.desk.sign_in_policy import SignInNeeds, SignInPolicy
from handoff_service.rules.shared.vocabulary import Role
from handoff_service.store.engine import tables as t

a, r = t.agents, t.agent_roles


def policy(conn: Connection) -> SignInPolicy:
    """Return the desk's policy. Before the desk is set up, everybody may use a password."""
    row = conn.execute(select(*t.desk.c["password_off_roles", "second_factor_roles"])).one_or_none()
    if row is None:
        return SignInPolicy()
    return SignInPolicy(
        password_off=frozenset(map(Role, row.password_off_roles)),
        second_factor=frozenset(map(Role, row.second_factor_roles)),
    )


def needs(conn: Connection, agent_id: int) -> SignInNeeds | None:
    """Return the requirements for this agent's sign-in; None for an unknown or deactivated
    agent."""
    row = conn.execute(
        select(*a.c["password_hash", "always_password"]).where(a.c.id == agent_id, a.c.active)
    ).one_or_none()
    if row is None:
        return None
    roles = _roles(conn, agent_id)
    current = policy(conn)
    app, keys = t.authenticators, t.passkeys
    confirmed = select(app.c.agent_id).where(
        app.c.agent_id == agent_id, app.c.confirmed_at.is_not(None)
    )
    count = select(func.count()).select_from(keys).where(keys.c.agent_id == agent_id)
    return SignInNeeds(
        password_allowed=current.allows_password(roles, always=row.always_password),
        has_password=bool(row.password_hash),
        second_factor_required=current.needs_second_factor(roles),
        has_authenticator=conn.execute(confirmed).first() is not None,
        passkeys=conn.execute(count).scalar_one(),
    )


def password_allowed(conn: Connection, roles: Collection[Role]) -> bool:
    """Return whether a new agent with these roles may sign in with a password."""
    return policy(conn).allows_password(roles, always=False)


def admin_can_sign_in(conn: Connection) -> bool:
    """Return whether at least one active admin could sign in with a password if every identity
    provider failed. Always true while passwords are allowed for all roles."""
    current = policy(conn)
    if not current.password_off:
        return True
    admins = select(*a.c["id", "always_password"]).join(r, r.c.agent_id == a.c.id)
    found = conn.execute(
        admins.where(a.c.active, a.c.password_hash != "", r.c.role == Role.ADMIN)
    ).all()
    return any(_may_use_password(conn, current, one) for one in found)


def _may_use_password(conn: Connection, current: SignInPolicy, admin: Row[Any]) -> bool:
    return current.allows_password(_roles(conn, admin.id), always=admin.always_password)


def _roles(conn: Connection, agent_id: int) -> list[Role]:
    return [
        Role(x) for x in conn.execute(select(r.c.role).where(r.c.agent_id == agent_id)).scalars()
    ]
