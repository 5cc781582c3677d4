"""Sign-in and sign-out: server-side sessions, with a rate limit on wrong tries.

Passwords are stored as argon2 hashes, and session tokens as hashes. Checking a password takes a
core tens of milliseconds, so it happens outside any transaction: ``find`` and ``count_try``, then
the check, then ``open_session``.
"""

import functools
import hashlib
import hmac
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from sqlalchemy import Connection, bindparam, delete, func, insert, or_, select

from handoff_service.operations.shared.audit import AuditEntry, audit
from handoff_service.rules.desk.audit import AuditAction
from handoff_service.rules.desk.record_changes import Noun
from handoff_service.rules.shared.vocabulary import Role
from handoff_service.store.desk.availability import PRESENCE
from handoff_service.store.engine import tables as t
from handoff_service.store.engine.one_of import one_of
from handoff_service.store.engine.transaction import Transaction

SESSION_LASTS = timedelta(hours=12)
TRIES, TRIES_WITHIN = 5, timedelta(minutes=1)  # wrong tries per account and address
# in the same time, for all accounts, because several people with one office address may mistype
TRIES_OF_ADDRESS = 30
# from browsers that never signed in to the account
TRIES_OF_ACCOUNT, TRIES_OF_ACCOUNT_WITHIN = 20, timedelta(minutes=10)
_hasher = PasswordHasher()


@dataclass(frozen=True, slots=True)
class CurrentAgent:
    """The signed-in agent."""

    id: int
    name: str
    email: str
    roles: frozenset[Role]
    presence: str
    last_used_at: datetime | None = None  #: the session, before this request
    last_active_at: datetime | None = None  #: likewise, by an act of the agent


def hash_password(password: str) -> str:
    """An argon2id hash for storing."""
    return _hasher.hash(password)


@functools.cache
def _nobodys_hash() -> str:
    """A hash to check for an unknown e-mail address, so it takes as long as a wrong password."""
    return hash_password(secrets.token_hex())


def password_matches(stored: str | None, password: str) -> bool:
    """Whether the password is right. Takes equally long when nobody has that e-mail address."""
    try:
        return _hasher.verify(stored or _nobodys_hash(), password) and stored is not None
    except (VerificationError, InvalidHashError):
        return False


def token_hash(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


def csrf_token(secret: str, session_token: str) -> str:
    """The token that each form must carry. It is bound to the session and useless without it."""
    return hmac.new(secret.encode(), f"csrf:{session_token}".encode(), hashlib.sha256).hexdigest()


@dataclass(frozen=True, slots=True, kw_only=True)
class Try:
    """A sign-in attempt. Its keys are hashes."""

    key: str  #: the account and the address together
    address: str
    account: str | None  #: None for a browser that has signed in to the account before


@dataclass(frozen=True, slots=True)
class Counted:
    """``left``: remaining tries. Below 0: this try is refused and was not counted."""

    left: int
    ids: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class RightTry:
    """A try with the right password: its key and the ids under which it was counted."""

    key: str
    counted: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Open:
    agent_id: int
    token: str
    right: RightTry
    device: str = ""  #: in a few words


def find(conn: Connection, email: str) -> tuple[int, str] | None:
    """(agent id, password hash) of the active agent with this e-mail address."""
    row = conn.execute(
        select(t.agents.c.id, t.agents.c.password_hash).where(
            func.lower(t.agents.c.email) == email.strip().lower(), t.agents.c.active
        )
    ).one_or_none()
    return (row[0], row[1]) if row else None


def count_try(tx: Transaction, command: Try) -> Counted:
    """Count a try as wrong before it is checked, so concurrent tries cannot slip through.

    Three limits: per account and address, per address, and per account. The last one spares
    browsers that have signed in to the account before, so a stranger cannot lock an agent out.
    """
    f = t.sign_in_failures
    # After the clock steps back, earlier tries would count until their time comes.
    ahead = f.c.failed_at > tx.now + TRIES_WITHIN
    tx.conn.execute(delete(f).where(or_(f.c.failed_at <= tx.now - TRIES_OF_ACCOUNT_WITHIN, ahead)))
    limits = [(command.key, TRIES, TRIES_WITHIN), (command.address, TRIES_OF_ADDRESS, TRIES_WITHIN)]
    if command.account is not None:
        limits.append((command.account, TRIES_OF_ACCOUNT, TRIES_OF_ACCOUNT_WITHIN))
    left = min(most - _count(tx, key, within) for key, most, within in limits) - 1
    if left < 0:
        return Counted(left)
    added = insert(f).returning(f.c.id)
    ids = [
        tx.conn.execute(added, {"key": key, "failed_at": tx.now}).scalar_one()
        for key, _, _ in limits
    ]
    return Counted(left, tuple(ids))


def _count(tx: Transaction, key: str, within: timedelta) -> int:
    f = t.sign_in_failures
    wrong = (
        select(func.count()).select_from(f).where(f.c.key == key, f.c.failed_at > tx.now - within)
    )
    return tx.conn.execute(wrong).scalar_one()


def forget_try(tx: Transaction, counted: Counted) -> None:
    """Uncount a try that was not checked after all."""
    tx.conn.execute(delete(t.sign_in_failures).where(one_of(t.sign_in_failures.c.id, counted.ids)))


def forget_wrong_tries(tx: Transaction, command: RightTry) -> None:
    """After the right password, forget the wrong tries before it. For the address and the account,
    only this try is forgotten: knowing one password must not allow unlimited tries at others."""
    f = t.sign_in_failures
    tx.conn.execute(delete(f).where(or_(f.c.key == command.key, one_of(f.c.id, command.counted))))


def open_session(tx: Transaction, command: Open) -> None:
    """Start a session and forget the wrong tries before it."""
    forget_wrong_tries(tx, command.right)
    tx.conn.execute(delete(t.sessions).where(t.sessions.c.expires_at <= tx.now))
    tx.conn.execute(
        insert(t.sessions).values(
            token_hash=token_hash(command.token),
            agent_id=command.agent_id,
            created_at=tx.now,
            expires_at=tx.now + SESSION_LASTS,
            last_used_at=tx.now,
            device=command.device,
        )
    )
    signed_in = AuditEntry(
        action=AuditAction.SIGNED_IN,
        subject=Noun.AGENT,
        record=str(command.agent_id),
        details={"device": command.device},
        agent_id=command.agent_id,
    )
    audit(tx, signed_in)


def record_failure(tx: Transaction, email: str) -> None:
    """Record a wrong password in the audit log. An address that no agent has is not stored, because
    people type their passwords into the wrong field."""
    found = find(tx.conn, email)
    failed = AuditEntry(
        action=AuditAction.SIGN_IN_FAILED,
        subject=Noun.AGENT,
        record="" if found is None else str(found[0]),
        name="" if found is None else email.strip().lower(),
    )
    audit(tx, failed)


def end_session(tx: Transaction, token: str) -> None:
    """End this session. The hint makes its open event streams check it and end."""
    ended = (
        delete(t.sessions)
        .where(t.sessions.c.token_hash == token_hash(token))
        .returning(t.sessions.c.agent_id)
    )
    for agent_id in tx.conn.execute(ended).scalars():
        tx.hint(f"agent:{agent_id}")
        signed_out = AuditEntry(
            action=AuditAction.SIGNED_OUT,
            subject=Noun.AGENT,
            record=str(agent_id),
            agent_id=agent_id,
        )
        audit(tx, signed_out)


def end_sessions(tx: Transaction, agent_id: int, *, but: str = "") -> None:
    """End all of the agent's sessions (except the one with this token). Their open pages and event
    streams check and end."""
    s = t.sessions
    kept = token_hash(but) if but else ""
    tx.conn.execute(delete(s).where(s.c.agent_id == agent_id, s.c.token_hash != kept))
    tx.hint(f"agent:{agent_id}")


# Built once because every request runs it.
_SIGNED_IN = (
    select(
        *t.agents.c["id", "name", "email"],
        PRESENCE.label("presence"),
        t.agent_roles.c.role,
        *t.sessions.c["last_used_at", "last_active_at"],
    )
    .join(t.sessions, t.sessions.c.agent_id == t.agents.c.id)
    .outerjoin(t.agent_roles, t.agent_roles.c.agent_id == t.agents.c.id)
    .where(
        t.sessions.c.token_hash == bindparam("token"),
        t.sessions.c.expires_at > bindparam("now"),
        t.agents.c.active,
    )
)


def signed_in(conn: Connection, token: str, now: object) -> CurrentAgent | None:
    """The session's agent. None when there is no such session."""
    rows = conn.execute(_SIGNED_IN, {"token": token_hash(token), "now": now}).all()
    if not rows:
        return None
    first = rows[0]
    return CurrentAgent(
        first.id,
        first.name,
        first.email,
        frozenset(Role(r.role) for r in rows if r.role),
        first.presence,
        first.last_used_at,
        first.last_active_at,
    )
