"""Alert the supervisors about a conversation without an owner."""

from handoff_service.operations.shared import messages
from handoff_service.rules.shared.vocabulary import Author, Event, Kind
from handoff_service.store.conversations.interactions import InteractionRow
from handoff_service.store.engine.transaction import Transaction


def alert_supervisors(tx: Transaction, interaction: InteractionRow, sentence: str) -> None:
    """Write a prompt that stays in the conversation until somebody answers the requester."""
    line = messages.NewMessage(
        kind=Kind.SYSTEM, author=Author.SYSTEM, body=sentence, event=Event.PROMPT
    )
    messages.prompt_each(tx, [(interaction, line)])
