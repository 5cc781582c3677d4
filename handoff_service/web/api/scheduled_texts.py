"""API calls for the scheduled texts of an interaction."""

from typing import Annotated, Any

from pydantic import AwareDatetime, Field
from sqlalchemy import Connection

from handoff_service.operations.conversations.send_later import (
    KeepText,
    OneText,
    ScheduleText,
    cancel_text,
    keep_text,
    schedule_text,
    send_now,
)
from handoff_service.rules.delivery.sms_text import MAX_BODY
from handoff_service.store.conversations import conversations, messages, scheduled_texts
from handoff_service.store.views import Message, ScheduledText
from handoff_service.web.api.bodies import Body, Page
from handoff_service.web.api.calls import ApiRequest, delete, get, patch, post

ALL = "/interactions/{id}/scheduled-texts"
ONE = f"{ALL}/{{text_id}}"


class ScheduleBody(Body):
    """``send_at``: a time in the future, within a year. ``media``: ids of your uploads to send with
    the text. The text may then be empty."""

    body: Annotated[str, Field(max_length=MAX_BODY)] = ""
    send_at: AwareDatetime
    media: list[Annotated[int, Field(ge=1, lt=2**53)]] = Field(default_factory=list, max_length=10)


class KeepBody(Body):
    """``send_at``: the new time. If omitted, the text keeps its time, which must be in the
    future."""

    send_at: AwareDatetime | None = None


@get(ALL, summary="Scheduled texts, next due first")
async def list_scheduled(asked: ApiRequest[Any, Any]) -> Page[ScheduledText]:
    def read(conn: Connection) -> list[ScheduledText]:
        conversations.get(conn, asked.id)
        return scheduled_texts.waiting(conn, asked.id)

    return Page(items=await asked.desk.store.read(read), next=None)


@post(ALL, summary="Schedule a text", status=201)
async def schedule(asked: ApiRequest[ScheduleBody, Any]) -> ScheduledText:
    command = ScheduleText(
        interaction_id=asked.id,
        agent_id=asked.agent.id,
        body=asked.body.body,
        send_at=asked.body.send_at,
        media=tuple(asked.body.media),
    )
    text_id = await asked.desk.store.write(schedule_text, command, near=asked.id)
    return await asked.desk.store.read(scheduled_texts.one, asked.id, text_id)


@patch(
    ONE,
    summary="Confirm a text that waits because the conversation has changed; send_at also moves "
    "it to another time",
)
async def keep(asked: ApiRequest[KeepBody, Any]) -> ScheduledText:
    command = KeepText(
        interaction_id=asked.id,
        text_id=asked.below,
        agent_id=asked.agent.id,
        send_at=asked.body.send_at,
    )
    await asked.desk.store.write(keep_text, command, near=asked.id)
    return await asked.desk.store.read(scheduled_texts.one, asked.id, asked.below)


@post(f"{ONE}/send", summary="Send a scheduled text now", status=201)
async def send(asked: ApiRequest[None, Any]) -> Message:
    message_id = await asked.desk.store.write(send_now, _one(asked), near=asked.id)
    return await asked.desk.store.read(messages.get, message_id)


@delete(ONE, summary="Cancel a scheduled text")
async def cancel(asked: ApiRequest[None, Any]) -> None:
    await asked.desk.store.write(cancel_text, _one(asked), near=asked.id)


def _one(asked: ApiRequest[None, Any]) -> OneText:
    return OneText(interaction_id=asked.id, text_id=asked.below, agent_id=asked.agent.id)
