"""Alert supervisors about a conversation that nobody has accepted."""

from handoff_service.operations.shared.messages_to_many import prompt_each
from handoff_service.operations.shared.new_message import system_line
from handoff_service.rules.shared.vocabulary import Event
from handoff_service.store.conversations.interactions import InteractionRow
from handoff_service.store.engine.transaction import Transaction


def alert_supervisors(
    tx: Transaction, interaction: InteractionRow, sentence: str, *, event: Event = Event.PROMPT
) -> None:
    """Add a prompt that stays until somebody answers the requester. With the event ``WAITING``, it
    also ends when the conversation leaves the queue."""
    line = system_line(sentence, event=event)
    prompt_each(tx, [(interaction, line)])
