"""Commands that their senders may repeat: a double click, a retry after a timeout.

Each carries an id, which is stored in the transaction that carries it out, together with the operation's answer. The
same id again finds the answer, and does nothing. Ids are kept for a day.
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
from handoff_service.store.engine.database import upsert
from handoff_service.store.engine.tables import command_ids as t

if TYPE_CHECKING:
    from handoff_service.store.engine.lanes import Transaction

KEPT_FOR = timedelta(days=1)


class OtherBody(Refusal):
    """This Idempotency-Key was used for another request. Send a new key."""

    status = 422


@dataclass(frozen=True, slots=True)
class CommandId:
    """``id``: what the sender calls it. ``body_hash``: of what it asks for; the same id with another one is refused."""

    id: str
    body_hash: str

    def step(self, number: int) -> "CommandId":
        """The id of the ``number``-th command that a request under this id leads to."""
        return CommandId(f"{self.id}:{number}", self.body_hash)


def hash_of(*parts: str | bytes) -> str:
    """A hash of parts that cannot be cut in another way."""
    digest = hashlib.sha256()
    for part in parts:
        data = part.encode() if isinstance(part, str) else part
        digest.update(len(data).to_bytes(8) + data)
    return digest.hexdigest()


def claim(conn: sa.Connection, id: CommandId, now: datetime) -> str | None:
    """None when the command is new: the id is then its own. Else its stored answer. OtherBody.

    Waits for another transaction that carries out the same id at this moment.
    """
    conn.execute(delete(t).where(t.c.at <= now - KEPT_FOR))
    row = {"id": id.id, "body_hash": id.body_hash, "at": now}
    claimed = conn.execute(
        upsert(conn, t).values(row).on_conflict_do_nothing(index_elements=[t.c.id]).returning(t.c.id)
    ).scalar()
    if claimed is not None:
        return None
    stored = conn.execute(select(t.c.body_hash, t.c.answer).where(t.c.id == id.id)).one()
    if stored.body_hash != id.body_hash:
        raise OtherBody
    answer: str = stored.answer
    return answer


def keep_answer(conn: sa.Connection, id: CommandId, operation: Callable[..., Any], answer: Any) -> None:
    """Store what the operation answered, in the transaction that carries it out."""
    text = _answer_type(operation).dump_json(answer).decode()
    conn.execute(update(t).where(t.c.id == id.id).values(answer=text))


def read_answer(operation: Callable[..., Any], stored: str) -> Any:
    """The answer that ``keep_answer`` stored."""
    return _answer_type(operation).validate_json(stored)


@functools.cache
def _answer_type(operation: Callable[..., Any]) -> TypeAdapter[Any]:
    """From the operation's own type hints."""
    return TypeAdapter(typing.get_type_hints(operation)["return"])


# What an API client was answered -------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Response:
    """The answer to a request whose commands were carried out."""

    id: CommandId
    status: int
    body: str


def first_response(conn: sa.Connection, id: CommandId, now: datetime) -> Response | None:
    """What was answered to the request before, if it was. OtherBody."""
    row = conn.execute(select(t).where(t.c.id == id.step(1).id, t.c.at > now - KEPT_FOR)).one_or_none()
    if row is None:
        return None
    if row.body_hash != id.body_hash:
        raise OtherBody
    if row.response_status is None:
        return None  # the process ended before it answered; the command's stored answer will do
    return Response(id=id, status=row.response_status, body=row.response)


def keep_response(tx: "Transaction", response: Response) -> None:
    """Keep the answer beside the request's first command. Nothing happens when it led to no command."""
    tx.conn.execute(
        update(t)
        .where(t.c.id == response.id.step(1).id)
        .values(response_status=response.status, response=response.body)
    )
