"""Sign-ins that wait for their next step. The browser needs a random token to take the step. The
token is stored as a hash, works once, and expires after ten minutes."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from sqlalchemy import Connection, delete, insert, select, update

from handoff_service.operations.desk.sign_in import token_hash
from handoff_service.store.engine import tables as t
from handoff_service.store.engine.transaction import Transaction

s = t.sign_in_steps


class StepKind(StrEnum):
    """The kinds of steps that a sign-in can wait for."""

    PROVIDER = "provider"  #: the identity provider sends its answer
    CODE = "code"  #: the agent enters a second factor
    SET_UP = "set_up"  #: the agent sets up the second factor that the role requires
    PASSKEY = "passkey"  #: the agent uses a passkey instead of a password
    NEW_PASSKEY = "new_passkey"  #: a signed-in agent adds a passkey
    LOGOUT = "logout"  #: not a step: it marks a provider's logout token as used


LASTS = timedelta(minutes=10)


@dataclass(frozen=True, slots=True, kw_only=True)
class KeepStep:
    """``token``: the random token of the step. ``data``: must be valid JSON."""

    token: str = field(repr=False)
    kind: StepKind
    agent_id: int | None = None
    data: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Step:
    """A stored step."""

    agent_id: int | None
    data: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class StepToken:
    """The token that identifies a step of this kind."""

    token: str = field(repr=False)
    kind: StepKind


@dataclass(frozen=True, slots=True)
class ChangeStep:
    """Replace a step's data."""

    which: StepToken
    data: Mapping[str, Any]


def keep_step(tx: Transaction, command: KeepStep) -> None:
    """Store the step, and delete expired steps."""
    forget_expired(tx)
    tx.conn.execute(
        insert(s).values(
            key=token_hash(command.token),
            kind=command.kind,
            agent_id=command.agent_id,
            data=dict(command.data),
            expires_at=tx.now + LASTS,
        )
    )


def forget_expired(tx: Transaction) -> None:
    """Delete expired steps."""
    tx.conn.execute(delete(s).where(s.c.expires_at <= tx.now))


def find_step(conn: Connection, which: StepToken, now: datetime) -> Step | None:
    """The step with this token. None when it has ended or expired."""
    row = conn.execute(
        select(*s.c["agent_id", "data"]).where(
            s.c.key == token_hash(which.token), s.c.kind == which.kind, s.c.expires_at > now
        )
    ).one_or_none()
    return Step(row.agent_id, row.data) if row else None


def change_step(tx: Transaction, command: ChangeStep) -> None:
    which = command.which
    same = (s.c.key == token_hash(which.token), s.c.kind == which.kind)
    tx.conn.execute(update(s).where(*same).values(data=dict(command.data)))


def take_step(tx: Transaction, which: StepToken) -> Step | None:
    """Delete the step and return it. Only the first of two requests with the same token gets
    it."""
    taken = (
        delete(s)
        .where(s.c.key == token_hash(which.token), s.c.kind == which.kind, s.c.expires_at > tx.now)
        .returning(s.c.agent_id, s.c.data)
    )
    row = tx.conn.execute(taken).one_or_none()
    return Step(row.agent_id, row.data) if row else None
