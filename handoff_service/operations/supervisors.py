"""Tell the supervisors about a conversation that needs them."""

from sqlalchemy import select

from handoff_service.operations import say
from handoff_service.rules.vocabulary import Author, Event, Kind, Role
from handoff_service.store import tables as t
from handoff_service.store.interactions import Interaction
from handoff_service.store.lanes import Transaction


def tell_supervisors(tx: Transaction, interaction: Interaction, said: str) -> None:
    """A prompt in the conversation, and a hint to everybody who supervises."""
    say.append(tx, interaction, say.Line(kind=Kind.SYSTEM, author=Author.SYSTEM, body=said, event=Event.PROMPT))
    hint_supervisors(tx, interaction.id)


def hint_supervisors(tx: Transaction, interaction_id: int) -> None:
    """Hint to everybody who supervises that a conversation has something new for them."""
    r = t.agent_roles
    for agent_id in tx.conn.execute(select(r.c.agent_id).where(r.c.role == Role.SUPERVISOR)).scalars():
        tx.hint(f"agent:{agent_id}", interaction_id)
