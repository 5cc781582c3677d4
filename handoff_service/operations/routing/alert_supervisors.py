"""Tell the supervisors about a conversation that nobody has."""

from handoff_service.operations import say
from handoff_service.rules.vocabulary import Author, Event, Kind
from handoff_service.store.interactions import Interaction
from handoff_service.store.lanes import Transaction


def tell_supervisors(tx: Transaction, interaction: Interaction, said: str) -> None:
    """A prompt in the conversation, which stands until somebody answers the requester."""
    line = say.Line(kind=Kind.SYSTEM, author=Author.SYSTEM, body=said, event=Event.PROMPT)
    say.prompt_each(tx, [(interaction, line)])
