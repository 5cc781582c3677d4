"""Signing in and out: server-side sessions, slowed down after wrong tries.

Passwords are argon2 hashes; a session's token is kept only as a hash. Checking a password takes a core for tens of
milliseconds, so it is done outside any transaction: ``look`` first, then the check, then ``open_session``.
"""

import asyncio
import functools
import hashlib
import hmac
import secrets
from dataclasses import dataclass
from datetime import timedelta

import sqlalchemy as sa
from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from sqlalchemy import Connection, bindparam, delete, func, insert, select

from handoff_service.rules.vocabulary import Role
from handoff_service.store import tables as t
from handoff_service.store.lanes import Transaction
from handoff_service.store.presence import PRESENCE

SESSION_LASTS = timedelta(hours=12)
TRIES = 5
TRIES_WITHIN = timedelta(minutes=1)
_hasher = PasswordHasher()


@dataclass(frozen=True, slots=True)
class Agent:
    """Who is signed in."""

    id: int
    name: str
    email: str
    roles: frozenset[Role]
    presence: str


def hash_password(password: str) -> str:
    """An argon2id hash for storing."""
    return _hasher.hash(password)


@functools.cache
def _nobodys_hash() -> str:
    """Checked for an unknown e-mail, so that it takes as long as a wrong password."""
    return hash_password(secrets.token_hex())


def password_matches(stored: str | None, password: str) -> bool:
    """Whether the password is right. Takes as long when there is nobody with that e-mail."""
    try:
        return _hasher.verify(stored or _nobodys_hash(), password) and stored is not None
    except (VerificationError, InvalidHashError):
        return False


async def checked(stored: str | None, password: str) -> bool:
    """``password_matches`` in a thread of its own, so that nobody waits for it who did not ask."""
    return await asyncio.to_thread(password_matches, stored, password)


def token_hash(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


def csrf_token(secret: str, session_token: str) -> str:
    """What a form must carry: bound to the session, worth nothing without it."""
    return hmac.new(secret.encode(), f"csrf:{session_token}".encode(), hashlib.sha256).hexdigest()


@dataclass(frozen=True, slots=True)
class Failed:
    """One wrong try. ``key`` names who tried, hashed."""

    key: str


@dataclass(frozen=True, slots=True)
class Open:
    agent_id: int
    token: str
    key: str


def find(conn: Connection, email: str) -> tuple[int, str] | None:
    """(agent id, password hash) of the active agent with this e-mail address."""
    row = conn.execute(
        select(t.agents.c.id, t.agents.c.password_hash).where(
            func.lower(t.agents.c.email) == email.strip().lower(), t.agents.c.active
        )
    ).one_or_none()
    return (row[0], row[1]) if row else None


def add_failure(tx: Transaction, command: Failed) -> int:
    """Count a try as wrong before it is judged, so that many at once cannot slip through. Returns tries left."""
    f = t.sign_in_failures
    # Those of a clock that has stepped back since would count until their time comes.
    ahead = f.c.failed_at > tx.now + TRIES_WITHIN
    tx.conn.execute(delete(f).where(sa.or_(f.c.failed_at <= tx.now - TRIES_WITHIN, ahead)))
    tx.conn.execute(insert(t.sign_in_failures).values(key=command.key, failed_at=tx.now))
    count = tx.conn.execute(
        select(func.count()).select_from(t.sign_in_failures).where(t.sign_in_failures.c.key == command.key)
    ).scalar_one()
    return TRIES - count


def open_session(tx: Transaction, command: Open) -> None:
    """Start a session and forget the wrong tries before it."""
    tx.conn.execute(delete(t.sessions).where(t.sessions.c.expires_at <= tx.now))
    tx.conn.execute(delete(t.sign_in_failures).where(t.sign_in_failures.c.key == command.key))
    tx.conn.execute(
        insert(t.sessions).values(
            token_hash=token_hash(command.token),
            agent_id=command.agent_id,
            created_at=tx.now,
            expires_at=tx.now + SESSION_LASTS,
        )
    )


def end_session(tx: Transaction, token: str) -> None:
    """End this session. The hint makes its open event streams look at it, and end."""
    ended = delete(t.sessions).where(t.sessions.c.token_hash == token_hash(token)).returning(t.sessions.c.agent_id)
    for agent_id in tx.conn.execute(ended).scalars():
        tx.hint(f"agent:{agent_id}")


# Built once: it is asked with every request.
_SIGNED_IN = (
    select(*t.agents.c["id", "name", "email"], PRESENCE.label("presence"), t.agent_roles.c.role)
    .join(t.sessions, t.sessions.c.agent_id == t.agents.c.id)
    .outerjoin(t.agent_roles, t.agent_roles.c.agent_id == t.agents.c.id)
    .where(t.sessions.c.token_hash == bindparam("token"), t.sessions.c.expires_at > bindparam("now"), t.agents.c.active)
)


def signed_in(conn: Connection, token: str, now: object) -> Agent | None:
    """The agent whose session this is, or None."""
    rows = conn.execute(_SIGNED_IN, {"token": token_hash(token), "now": now}).all()
    if not rows:
        return None
    first = rows[0]
    return Agent(first.id, first.name, first.email, frozenset(Role(r.role) for r in rows if r.role), first.presence)
