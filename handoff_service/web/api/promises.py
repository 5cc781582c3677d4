"""API calls for the promises that agents make to a requester, and their reminders."""

from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import AwareDatetime, Field
from sqlalchemy import Connection

from handoff_service.operations.conversations.keep_promises import (
    OnePromise,
    StorePromise,
    cancel_promise,
    store_promise,
)
from handoff_service.store.conversations import conversations, promises
from handoff_service.store.views import KeptPromise, PromiseOffer
from handoff_service.web.api.bodies import Body
from handoff_service.web.api.calls import ApiRequest, delete, get, post

ALL = "/interactions/{id}/promises"


@dataclass(frozen=True, slots=True, kw_only=True)
class Promises:
    """``items``: open promises, first due first. ``offer``: a promise in the calling agent's last
    text that is not stored yet."""

    items: list[KeptPromise]
    offer: PromiseOffer | None


class PromiseBody(Body):
    """Stores the promise in the text ``message_id``, or a promise for the time ``promised_at``.
    ``remind_at``: the time of the reminder, in the future and before the promised time; null for 15
    minutes before the promised time, or less if that is within an hour."""

    message_id: int | None = None
    promised_at: AwareDatetime | None = None
    remind_at: AwareDatetime | None = None
    words: Annotated[str, Field(max_length=1600)] = ""


@get(
    ALL,
    summary="Open promises, next due first, and a promise in your last text that is not stored yet",
)
async def list_promises(asked: ApiRequest[Any, Any]) -> Promises:
    def read(conn: Connection) -> Promises:
        conversations.get(conn, asked.id)
        return Promises(
            items=promises.open_of(conn, asked.id),
            offer=promises.offer(conn, asked.id, asked.agent.id),
        )

    return await asked.desk.store.read(read)


@post(ALL, summary="Store a promise and its reminder", status=201)
async def store(asked: ApiRequest[PromiseBody, Any]) -> KeptPromise:
    values = {name: getattr(asked.body, name) for name in PromiseBody.model_fields}
    command = StorePromise(interaction_id=asked.id, agent_id=asked.agent.id, **values)
    promise_id = await asked.desk.store.write(store_promise, command, near=asked.id)
    return await asked.desk.store.read(promises.one, asked.id, promise_id)


@delete(f"{ALL}/{{promise_id}}", summary="Cancel a promise; reports then ignore it")
async def cancel(asked: ApiRequest[None, Any]) -> None:
    command = OnePromise(interaction_id=asked.id, promise_id=asked.below, agent_id=asked.agent.id)
    await asked.desk.store.write(cancel_promise, command, near=asked.id)
