"""Idempotent commands: after a double click, or a retry after a timeout, a command runs only once.

Each idempotent command has an id. Its transaction stores the id with the operation's answer. A
repeat with the same id only returns that answer. Ids are stored for a day.
"""

import functools
import hashlib
import typing
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from pydantic import TypeAdapter
from sqlalchemy import delete, select, update

from handoff_service.errors import Refusal
from handoff_service.lib.sealing import Sealer
from handoff_service.store.engine.database import upsert
from handoff_service.store.engine.tables import command_ids as t

if TYPE_CHECKING:
    from handoff_service.store.engine.transaction import Transaction

KEPT_FOR = timedelta(days=1)


class OtherBody(Refusal):
    """This Idempotency-Key was used for another request. Send a new key."""

    status = 422


@dataclass(frozen=True, slots=True)
class CommandId:
    """The id of a command. ``id``: chosen by the sender. ``body_hash``: a hash of the request. The
    same id with another hash is refused."""

    id: str
    body_hash: str

    def step(self, number: int) -> "CommandId":
        """Return the id of the ``number``-th command in the request with this id."""
        return CommandId(f"{self.id}:{number}", self.body_hash)


def hash_of(*parts: str | bytes) -> str:
    """Return a hash of the parts that also covers the length of each part."""
    digest = hashlib.sha256()
    for part in parts:
        data = part.encode() if isinstance(part, str) else part
        digest.update(len(data).to_bytes(8) + data)
    return digest.hexdigest()


def claim(conn: sa.Connection, sealer: Sealer, id: CommandId, now: datetime) -> str | None:
    """Claim the id for a new command and return None, or return the stored answer of an earlier
    command. Raises OtherBody. This waits for a concurrent transaction with the same id.
    """
    conn.execute(delete(t).where(t.c.at <= now - KEPT_FOR))
    row = {"id": id.id, "body_hash": id.body_hash, "at": now}
    claimed = conn.execute(
        upsert(conn, t)
        .values(row)
        .on_conflict_do_nothing(index_elements=[t.c.id])
        .returning(t.c.id)
    ).scalar()
    if claimed is not None:
        return None
    stored = conn.execute(select(t.c.body_hash, t.c.answer).where(t.c.id == id.id)).one()
    if stored.body_hash != id.body_hash:
        raise OtherBody
    return sealer.open(t.c.answer, stored.answer)


def keep_answer(
    conn: sa.Connection, sealer: Sealer, id: CommandId, operation: Callable[..., Any], answer: Any
) -> None:
    """Store the operation's answer, in the operation's transaction."""
    text = _answer_type(operation).dump_json(answer).decode()
    sealed = sealer.seal(t.c.answer, text)
    conn.execute(update(t).where(t.c.id == id.id).values(answer=sealed))


def read_answer(operation: Callable[..., Any], stored: str) -> Any:
    """Parse an answer that ``keep_answer`` stored."""
    return _answer_type(operation).validate_json(stored)


@functools.cache
def _answer_type(operation: Callable[..., Any]) -> TypeAdapter[Any]:
    """Return the type of the answer, from the operation's type hints."""
    return TypeAdapter(typing.get_type_hints(operation)["return"])


# Responses to API clients -------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Response:
    """The response to a request after its commands."""

    id: CommandId
    status: int
    body: str


def first_response(
    conn: sa.Connection, sealer: Sealer, id: CommandId, now: datetime
) -> Response | None:
    """Return the response to an earlier request with this id; None if there is none. Raises
    OtherBody."""
    row = conn.execute(
        select(t).where(t.c.id == id.step(1).id, t.c.at > now - KEPT_FOR)
    ).one_or_none()
    if row is None:
        return None
    if row.body_hash != id.body_hash:
        raise OtherBody
    if row.response_status is None:
        # the process ended before it responded; the command then returns its stored answer
        return None
    return Response(id=id, status=row.response_status, body=sealer.open(t.c.response, row.response))


def keep_response(tx: "Transaction", response: Response) -> None:
    """Store the response with the request's first command. Does nothing if the request had no
    command."""
    body = tx.settings.sealer.seal(t.c.response, response.body)
    tx.conn.execute(
        update(t)
        .where(t.c.id == response.id.step(1).id)
        .values(response_status=response.status, response=body)
    )
