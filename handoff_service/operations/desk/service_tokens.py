"""An admin creates and revokes service tokens.

Each token has its own technical agent, so that histories can name the token. This agent has no
password and no role, appears in no list of people, and is never active. Nobody can sign in as this
agent, and it gets no work.
"""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import insert, select, update

from handoff_service.errors import Conflict, NotFound
from handoff_service.operations.desk.sign_in import token_hash
from handoff_service.operations.shared.field_types import OneLine
from handoff_service.operations.shared.record_changes import created, recorded
from handoff_service.rules.desk import service_tokens as rules
from handoff_service.rules.desk.record_changes import Noun
from handoff_service.rules.desk.service_tokens import Scope
from handoff_service.rules.shared.phrases import phrase
from handoff_service.rules.shared.vocabulary import Presence
from handoff_service.store.engine import tables as t
from handoff_service.store.engine.transaction import Transaction

s, a = t.service_tokens, t.agents
LONGEST_NAME = 100


class TokenFields(BaseModel):
    """The admin's choices for a token. ``days``: the days until the token expires. ``rate``:
    requests per minute."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: Annotated[OneLine, Field(max_length=LONGEST_NAME)]
    scopes: Annotated[list[Scope], Field(min_length=1)]
    days: Annotated[int, Field(ge=1, le=rules.MOST_DAYS)] = rules.USUAL_DAYS
    rate: Annotated[int, Field(ge=1, le=rules.MOST_RATE)] = rules.USUAL_RATE


@dataclass(frozen=True, slots=True, kw_only=True)
class MakeToken:
    """``days``: the days until the token expires. ``rate``: requests per minute. ``secret``:
    the token in plain text, from ``new_secret``."""

    name: str
    scopes: Sequence[Scope]
    days: int
    rate: int
    secret: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class MadeToken:
    """``secret``: the token in plain text."""

    id: int
    secret: str


def new_secret() -> str:
    """A random secret. It is shown once, and stored hashed."""
    return f"{rules.PREFIX}{secrets.token_urlsafe(32)}"


def make_token(tx: Transaction, command: MakeToken) -> MadeToken:
    """Create a token. Raises Conflict when an active token has the name."""
    in_use = select(s.c.id).where(s.c.name == command.name, s.c.revoked_at.is_(None))
    if tx.conn.execute(in_use.where(s.c.expires_at > tx.now)).first() is not None:
        raise Conflict.at(
            "name",
            phrase(
                "An active service token named “{name}” already exists. Choose another name.",
                name=command.name,
            ),
        )
    agent_id = tx.conn.execute(
        insert(a)
        .values(
            email=f"service token {secrets.token_hex(8)}",
            name=rules.NAME.format(name=command.name),
            password_hash="",
            capacity=0,
            presence=Presence.OFFLINE,
            active=False,
            is_service=True,
        )
        .returning(a.c.id)
    ).scalar_one()
    token_id: int = tx.conn.execute(
        insert(s)
        .values(
            agent_id=agent_id,
            name=command.name,
            token_hash=token_hash(command.secret),
            scopes=[one for one in Scope if one in command.scopes],
            rate=command.rate,
            created_at=tx.now,
            created_by=tx.by,
            expires_at=rules.expiry(tx.now, command.days),
        )
        .returning(s.c.id)
    ).scalar_one()
    created(tx, Noun.SERVICE_TOKEN, token_id)
    return MadeToken(token_id, command.secret)


def revoke_token(tx: Transaction, token_id: int) -> None:
    """Revoke a token now. A hint makes its open event streams check the token and end. Revoking it
    again changes nothing. Raises NotFound for an unknown id."""
    row = tx.conn.execute(select(s).where(s.c.id == token_id).with_for_update()).one_or_none()
    if row is None:
        raise NotFound(phrase("There is no service token {id}.", id=token_id))
    if row.revoked_at is not None:
        return
    with recorded(tx, Noun.SERVICE_TOKEN, token_id):
        ended = update(s).where(s.c.id == token_id)
        tx.conn.execute(ended.values(revoked_at=tx.now, revoked_by=tx.by))
    tx.hint(f"agent:{row.agent_id}")


def record_use(tx: Transaction, token_id: int) -> None:
    """Record that the token is in use."""
    tx.conn.execute(update(s).where(s.c.id == token_id).values(last_used_at=tx.now))
