"""Alert the supervisors about a conversation without an owner."""

from handoff_service.operations.shared import messages
from handoff_service.rules.shared.vocabulary import Author, Event, Kind
from handoff_service.store.conversations.interactions import InteractionRow
from handoff_service.store.engine.transaction import Transaction


def alert_supervisors(
    tx: Transaction, interaction: InteractionRow, sentence: str, *, event: Event = Event.PROMPT
) -> None:
    """Write a prompt that stays until somebody answers the requester. With the event ``WAITING`` it
    also ends when the conversation leaves the queue."""
    line = messages.NewMessage(kind=Kind.SYSTEM, author=Author.SYSTEM, body=sentence, event=event)
    messages.prompt_each(tx, [(interaction, line)])
