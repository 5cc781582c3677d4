"""Sign-in and sign-out with sessions that the server stores.

Session tokens are stored as SHA-256 hashes. A password check (``passwords.py``) runs outside any
transaction: after ``find`` and ``count_attempt`` (``sign_in_attempts.py``), and before
``open_session``.
"""

import hashlib
import hmac
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, bindparam, case, delete, func, insert, select, update

from handoff_service.operations.desk.sign_in_attempts import KnowAddress, know_address
from handoff_service.operations.shared.audit import AuditEntry, audit
from handoff_service.rules.desk.audit import AuditAction
from handoff_service.rules.desk.record_changes import Noun
from handoff_service.rules.desk.sign_in_policy import SignInPolicy
from handoff_service.rules.shared.language import Language
from handoff_service.rules.shared.phrases import phrase
from handoff_service.rules.shared.vocabulary import Role
from handoff_service.store.desk.availability import PRESENCE
from handoff_service.store.engine import tables as t
from handoff_service.store.engine.database import read_at
from handoff_service.store.engine.one_of import one_of
from handoff_service.store.engine.transaction import Transaction

SESSION_LASTS = timedelta(hours=12)


@dataclass(frozen=True, slots=True)
class CurrentAgent:
    """The signed-in agent."""

    id: int
    name: str
    email: str
    roles: frozenset[Role]
    presence: str
    last_used_at: datetime | None = None  #: the last use of the session, before this request
    #: the agent's last action in the session, before this request
    last_active_at: datetime | None = None
    #: when the agent last proved who they are, at sign-in here or at their identity provider, which
    #: may let them in without a new proof; None: the provider does not report the time
    authenticated_at: datetime | None = None
    #: whether a role of the agent needs a second factor and this session has none
    second_factor_missing: bool = False
    language: Language | None = None  #: the language of the agent's pages; None: the browser's


def token_hash(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


def csrf_token(secret: str, session_token: str) -> str:
    """The token that each form must contain. It is valid only together with the session."""
    return hmac.new(secret.encode(), f"csrf:{session_token}".encode(), hashlib.sha256).hexdigest()


@dataclass(frozen=True, slots=True)
class OpenSession:
    agent_id: int
    token: str
    device: str = ""  #: the browser and the system, in a few words
    second_factor: bool = False  #: whether a second factor was checked
    provider_id: int | None = None  #: the identity provider with which the agent signed in
    id_token: str | None = None  #: the provider's ID token
    provider_session: str | None = None  #: the provider's id of its own session
    #: when the agent proved who they are to the provider; None: it does not report the time
    authenticated_at: datetime | None = None
    #: a keyed hash of the agent and the network address; empty: the address is not stored
    known_address: str = ""


@dataclass(frozen=True, slots=True)
class FailedSignIn:
    """A wrong password, or the right password with a wrong one-time code."""

    email: str
    is_code: bool = False


def find(conn: Connection, email: str) -> tuple[int, str] | None:
    """(agent id, password hash) of the active agent with this e-mail address."""
    row = conn.execute(
        select(t.agents.c.id, t.agents.c.password_hash).where(
            func.lower(t.agents.c.email) == email.strip().lower(), t.agents.c.active
        )
    ).one_or_none()
    return (row[0], row[1]) if row else None


def open_session(tx: Transaction, command: OpenSession) -> None:
    """Start a session."""
    if command.known_address:
        know_address(tx, KnowAddress(command.known_address, command.agent_id))
    tx.conn.execute(delete(t.sessions).where(t.sessions.c.expires_at <= tx.now))
    tx.conn.execute(
        insert(t.sessions).values(
            token_hash=token_hash(command.token),
            agent_id=command.agent_id,
            created_at=tx.now,
            expires_at=tx.now + SESSION_LASTS,
            last_used_at=tx.now,
            device=command.device,
            second_factor=command.second_factor,
            provider_id=command.provider_id,
            id_token=command.id_token
            and tx.settings.sealer.seal(t.sessions.c.id_token, command.id_token),
            provider_session=command.provider_session,
            authenticated_at=command.authenticated_at,
        )
    )
    signed_in = AuditEntry(
        action=AuditAction.SIGNED_IN,
        subject=Noun.AGENT,
        record=str(command.agent_id),
        details=_how(tx, command),
        agent_id=command.agent_id,
    )
    audit(tx, signed_in)


def _how(tx: Transaction, command: OpenSession) -> dict[str, str]:
    """How the agent signed in, for the audit log."""
    how = {"device": command.device}
    if command.provider_id is not None:
        p = t.identity_providers
        name = select(p.c.name).where(p.c.id == command.provider_id)
        how["identity_provider"] = tx.conn.execute(name).scalar() or ""
    if command.second_factor and command.provider_id is None:
        how["second_factor"] = "yes"
    return how


def record_failure(tx: Transaction, command: FailedSignIn) -> None:
    """Record a wrong password or code in the audit log. An e-mail address that no agent has is not
    stored, because people type passwords into the wrong field."""
    found = find(tx.conn, command.email)
    failed = AuditEntry(
        action=AuditAction.SIGN_IN_FAILED,
        subject=Noun.AGENT,
        record="" if found is None else str(found[0]),
        name="" if found is None else command.email.strip().lower(),
        details={"second_factor": phrase("wrong code")} if command.is_code else {},
    )
    audit(tx, failed)


def mark_second_factor(tx: Transaction, token: str) -> None:
    """Record that the agent of this session has proved a second factor."""
    s = t.sessions
    proved = update(s).where(s.c.token_hash == token_hash(token))
    tx.conn.execute(proved.values(second_factor=True))


def end_session(tx: Transaction, token: str) -> None:
    """End this session. A hint makes its open event streams check the session and end."""
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


def end_sessions(tx: Transaction, agent_id: int, *, keep_token: str = "") -> None:
    """End all of the agent's sessions, except the one with ``keep_token``. A hint makes their open
    pages and event streams check the session and end."""
    s = t.sessions
    kept = token_hash(keep_token) if keep_token else ""
    tx.conn.execute(delete(s).where(s.c.agent_id == agent_id, s.c.token_hash != kept))
    tx.hint(f"agent:{agent_id}")


_AUTHENTICATED_AT = case(
    (t.sessions.c.provider_id.is_(None), t.sessions.c.created_at),
    else_=t.sessions.c.authenticated_at,
)
# built once, because every request runs it
_SIGNED_IN = (
    select(
        *t.agents.c["id", "name", "email", "language"],
        PRESENCE.label("presence"),
        t.agent_roles.c.role,
        *t.sessions.c["token_hash", "last_used_at", "last_active_at", "second_factor"],
        _AUTHENTICATED_AT.label("authenticated_at"),
        select(t.desk.c.second_factor_roles).scalar_subquery().label("second_factor_roles"),
    )
    .join(t.sessions, t.sessions.c.agent_id == t.agents.c.id)
    .outerjoin(t.agent_roles, t.agent_roles.c.agent_id == t.agents.c.id)
    .where(
        one_of(t.sessions.c.token_hash, "hashes"),
        t.sessions.c.expires_at > bindparam("now"),
        t.agents.c.active,
    )
)


def signed_in(conn: Connection, tokens: Sequence[str]) -> dict[str, CurrentAgent]:
    """Return the agent who is signed in with each of these tokens. Tokens without a valid session
    are left out."""
    hashes = {token_hash(token): token for token in tokens}
    rows = conn.execute(_SIGNED_IN, {"hashes": list(hashes), "now": read_at(conn)})
    of_sessions: dict[str, list[Any]] = defaultdict(list)
    for row in rows:
        of_sessions[hashes[row.token_hash]].append(row)
    return {token: _current_agent(rows) for token, rows in of_sessions.items()}


def _current_agent(rows: Sequence[Any]) -> CurrentAgent:
    """Return the agent of one session. ``rows``: one for each role."""
    first = rows[0]
    roles = frozenset(Role(r.role) for r in rows if r.role)
    policy = SignInPolicy(second_factor=frozenset(first.second_factor_roles or ()))
    return CurrentAgent(
        first.id,
        first.name,
        first.email,
        roles,
        first.presence,
        first.last_used_at,
        first.last_active_at,
        first.authenticated_at,
        policy.needs_second_factor(roles) and not first.second_factor,
        Language(first.language) if first.language else None,
    )
