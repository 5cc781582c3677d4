"""API calls for one interaction and its messages."""

from collections.abc import Callable
from typing import Annotated, Any, Literal

from pydantic import AwareDatetime, Field, WithJsonSchema

from handoff_service.operations.conversations.change_interaction import (
    ChangeInteraction,
    CloseInteraction,
    ReadInteraction,
    change_interaction,
    close_interaction,
    read_interaction,
)
from handoff_service.operations.conversations.reopen import Reopen, reopen
from handoff_service.operations.conversations.send_sms import Write, send_sms, write_note
from handoff_service.operations.shared.field_types import ChangedAttributes
from handoff_service.rules.delivery.sms_text import LONGEST
from handoff_service.rules.shared.vocabulary import State
from handoff_service.rules.training.suggested_replies import SuggestedReply
from handoff_service.store.conversations import conversations, messages
from handoff_service.store.engine.transaction import Transaction
from handoff_service.store.views import Interaction, Message
from handoff_service.web.api.bodies import Body, Page, Paging, page
from handoff_service.web.api.calls import ApiRequest, get, patch, post
from handoff_service.web.shared.suggested_replies import suggest

# Text that an agent writes. The operation checks the text, for the API as for pages.
WrittenText = Annotated[
    str,
    WithJsonSchema({"type": "string", "maxLength": LONGEST, "pattern": r"[^\s\x00-\x1f\x7f-\x9f]"}),
]


class ChangeBody(Body):
    """Changes an interaction.

    - ``state_reason``: the reason for the new state. The conversation shows it to agents, with the
      agent who set the state.
    - ``hold_until``: the time when an ``on_hold`` interaction automatically continues.
    - ``attributes``: the attributes to set. Null removes an attribute.
    """

    state: Literal[State.WORK_IN_PROGRESS, State.ON_HOLD] | None = None
    state_reason: str | None = Field(None, max_length=500)
    hold_until: AwareDatetime | None = None
    short_description: str | None = Field(None, max_length=160)
    priority: int | None = Field(None, ge=1, le=5)
    attributes: ChangedAttributes = Field({})


class NoteBody(Body):
    body: WrittenText


class WriteBody(Body):
    """``media``: ids of uploads (``POST /api/v1/media``) to send with the text. The text may then
    be empty."""

    body: str
    media: list[Annotated[int, Field(ge=1, lt=2**53)]] = Field(default_factory=list, max_length=10)


class ReadBody(Body):
    """``up_to``: the ``seq`` of the last message to mark as read. If omitted, all messages are
    marked as read."""

    up_to: int | None = Field(None, ge=0)


class CloseBody(Body):
    """Closes an interaction.

    - ``topic_id``: the label for the topic of the conversation. Required if the desk asks for a
      topic.
    - ``attributes``: attributes to set before closing. Some may be required to close.
    """

    state: Literal[State.CLOSED_COMPLETE, State.CLOSED_ABANDONED] = State.CLOSED_COMPLETE
    short_description: str | None = Field(None, max_length=160)
    closing_text: str | None = Field(None, max_length=1600)
    topic_id: int | None = Field(None, ge=1, lt=2**53)
    attributes: ChangedAttributes = Field({})


@get("/interactions/{id}", summary="One interaction")
async def one_interaction(asked: ApiRequest[Any, Any]) -> Interaction:
    return await asked.desk.store.read(conversations.get, asked.id, asked.agent.id)


async def after(
    asked: ApiRequest[Any, Any], operation: Callable[[Transaction, Any], object], command: object
) -> Interaction:
    """Run an operation on the call's interaction, and return the changed interaction."""
    await asked.desk.store.write(operation, command, near=asked.id)
    return await one_interaction(asked)


@patch("/interactions/{id}", summary="Change state, description, priority or attributes")
async def change(asked: ApiRequest[ChangeBody, Any]) -> Interaction:
    command = ChangeInteraction(
        interaction_id=asked.id, agent_id=asked.agent.id, **asked.body.model_dump()
    )
    return await after(asked, change_interaction, command)


@get(
    "/interactions/{id}/messages",
    summary="Messages, oldest first, with system messages and notes marked by kind",
)
async def list_messages(asked: ApiRequest[None, Paging]) -> Page[Message]:
    await one_interaction(asked)
    query = asked.query
    found = await asked.desk.store.read(
        messages.list_, asked.id, after=query.after, limit=query.limit + 1
    )
    return page(found, query.limit, lambda line: line.seq)


@post(
    "/interactions/{id}/messages", summary="Text the requester, and join the live group", status=201
)
async def write(asked: ApiRequest[WriteBody, Any]) -> Message:
    given = asked.body
    command = Write(
        interaction_id=asked.id, agent_id=asked.agent.id, body=given.body, media=tuple(given.media)
    )
    message_id = await asked.desk.store.write(send_sms, command, near=asked.id)
    return await asked.desk.store.read(messages.get, message_id)


@get(
    "/interactions/{id}/suggested-replies",
    summary="Replies from solved conversations, with personal data masked, that may answer the "
    "unanswered texts in your conversation",
)
async def list_suggested_replies(asked: ApiRequest[None, Any]) -> list[SuggestedReply]:
    interaction = await one_interaction(asked)
    return await suggest(asked.desk, interaction, asked.agent.id)


@post("/interactions/{id}/notes", summary="Write a private note", status=201)
async def note(asked: ApiRequest[NoteBody, Any]) -> Message:
    command = Write(interaction_id=asked.id, agent_id=asked.agent.id, body=asked.body.body)
    seq = await asked.desk.store.write(write_note, command, near=asked.id)
    return (await asked.desk.store.read(messages.list_, asked.id, after=seq - 1, limit=1))[0]


@post("/interactions/{id}/read", summary="Mark all messages as read, or those up to up_to")
async def read(asked: ApiRequest[ReadBody, Any]) -> Interaction:
    command = ReadInteraction(
        interaction_id=asked.id, agent_id=asked.agent.id, up_to=asked.body.up_to
    )
    return await after(asked, read_interaction, command)


@post("/interactions/{id}/close", summary="Close the interaction")
async def close(asked: ApiRequest[CloseBody, Any]) -> Interaction:
    command = CloseInteraction(
        interaction_id=asked.id, agent_id=asked.agent.id, **asked.body.model_dump()
    )
    return await after(asked, close_interaction, command)


@post(
    "/interactions/{id}/reopen",
    summary="Reopen an interaction within a minute after you closed it",
)
async def undo_close(asked: ApiRequest[None, Any]) -> Interaction:
    return await after(asked, reopen, Reopen(interaction_id=asked.id, agent_id=asked.agent.id))
