"""Service tokens, which programs use for the API."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, select

from handoff_service.rules.desk.record_changes import Entry
from handoff_service.rules.desk.service_tokens import Scope, TokenState, state
from handoff_service.store.engine import tables as t
from handoff_service.store.engine.database import read_at
from handoff_service.store.views import Named

s, a = t.service_tokens, t.agents
_maker, _revoker = a.alias("maker"), a.alias("revoker")
_TOKENS = (
    select(s, _maker.c.name.label("maker"), _revoker.c.name.label("revoker"))
    .outerjoin(_maker, _maker.c.id == s.c.created_by)
    .outerjoin(_revoker, _revoker.c.id == s.c.revoked_by)
)


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceToken:
    """A token without its secret. ``created_by``: null if a command in a terminal created it.
    ``rate``: requests per minute. ``last_used_at``: accurate to one minute."""

    id: int
    name: str
    scopes: list[Scope]
    rate: int
    state: TokenState
    created_at: datetime
    created_by: Named | None
    expires_at: datetime
    last_used_at: datetime | None
    revoked_at: datetime | None
    revoked_by: Named | None


@dataclass(frozen=True, slots=True)
class TokenHolder:
    """The token of a request. ``agent_id``: the token's technical agent."""

    token: ServiceToken
    agent_id: int


def list_(conn: Connection) -> list[ServiceToken]:
    """Return all tokens, newest first."""
    return [_token(conn, row) for row in conn.execute(_TOKENS.order_by(s.c.id.desc()))]


def get(conn: Connection, token_id: int) -> ServiceToken | None:
    row = conn.execute(_TOKENS.where(s.c.id == token_id)).one_or_none()
    return None if row is None else _token(conn, row)


def holder(conn: Connection, token_hash: str) -> TokenHolder | None:
    """Return the token with this hash, in any state; None if there is none."""
    row = conn.execute(_TOKENS.where(s.c.token_hash == token_hash)).one_or_none()
    return None if row is None else TokenHolder(_token(conn, row), row.agent_id)


def entry(conn: Connection, record: str) -> Entry:
    """Return the token's values for its change history."""
    row = conn.execute(select(s).where(s.c.id == int(record))).one_or_none()
    return {} if row is None else _entry(row)


def _entry(row: Any) -> Entry:
    return {
        "name": row.name,
        "scopes": row.scopes,
        "rate": row.rate,
        "expires_at": row.expires_at.isoformat(),
        "revoked": row.revoked_at is not None,
    }


def _token(conn: Connection, row: Any) -> ServiceToken:
    return ServiceToken(
        id=row.id,
        name=row.name,
        scopes=[Scope(one) for one in row.scopes],
        rate=row.rate,
        state=state(row.expires_at, row.revoked_at, read_at(conn)),
        created_at=row.created_at,
        created_by=_named(row.created_by, row.maker),
        expires_at=row.expires_at,
        last_used_at=row.last_used_at,
        revoked_at=row.revoked_at,
        revoked_by=_named(row.revoked_by, row.revoker),
    )


def _named(id: int | None, name: str | None) -> Named | None:
    return None if id is None else Named(id=id, name=name or "")
