"""A message that is not stored yet: a text, a private note or a system line."""

from dataclasses import dataclass
from typing import Any

from handoff_service.rules.delivery.sms_text import segments
from handoff_service.rules.shared.vocabulary import Author, Event, Kind
from handoff_service.store.conversations.interactions import InteractionRow
from handoff_service.store.engine.transaction import Transaction


@dataclass(frozen=True, slots=True, kw_only=True)
class NewMessage:
    """A message to add to a conversation. ``reason``: shown with the message."""

    kind: Kind
    author: Author
    body: str
    agent_id: int | None = None
    event: Event | None = None
    reason: str | None = None
    with_media: bool = False


def system_line(
    body: str,
    *,
    event: Event | None = None,
    reason: str | None = None,
    agent_id: int | None = None,
) -> NewMessage:
    """A system line: a sentence about a change. ``agent_id``: the agent who made the change."""
    return NewMessage(
        kind=Kind.SYSTEM,
        author=Author.SYSTEM,
        body=body,
        event=event,
        reason=reason,
        agent_id=agent_id,
    )


def message_length(message: NewMessage) -> dict[str, Any]:
    """The columns for the encoding and segments of a message. A message with media is one MMS of
    any length, and has no SMS encoding."""
    if message.with_media:
        return {"segments": 1, "encoding": None}
    counted = segments(message.body)
    return {"segments": counted.count, "encoding": counted.encoding}


def message_row(
    tx: Transaction, interaction: InteractionRow, message: NewMessage, seq: int
) -> dict[str, Any]:
    return {
        "interaction_id": interaction.id,
        "seq": seq,
        "kind": message.kind,
        "author": message.author,
        "agent_id": message.agent_id,
        "body": message.body,
        "event": message.event,
        "reason": message.reason,
        "owner": interaction.owner,
        "epoch": interaction.epoch,
        "created_at": tx.now,
    }
