"""The API call with which an agent decides whether a message was sent, if the provider's list does
not show it."""

from typing import Any

from handoff_service.operations.delivery.resolve_unknown_send import (
    ResolveSend,
    resolve_unknown_send,
)
from handoff_service.store.conversations import messages
from handoff_service.store.views import Message
from handoff_service.web.api.bodies import Body
from handoff_service.web.api.calls import ApiRequest, post


class SettleBody(Body):
    """``went_out``: true if the message was sent, false to send it again."""

    went_out: bool


@post(
    "/interactions/{id}/messages/{message_id}/settle",
    summary="Resolve a message with an unknown outcome: mark it as sent, or send it again",
)
async def settle(asked: ApiRequest[SettleBody, Any]) -> Message:
    command = ResolveSend(
        interaction_id=asked.id,
        message_id=asked.below,
        agent_id=asked.agent.id,
        went_out=asked.body.went_out,
    )
    await asked.desk.store.write(resolve_unknown_send, command, near=asked.id)
    return await asked.desk.store.read(messages.get, asked.below)
