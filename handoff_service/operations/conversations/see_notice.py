"""An agent has seen their notice about a conversation, such as one about a colleague's action."""

from dataclasses import dataclass

from handoff_service.operations.shared import participation
from handoff_service.store.engine.transaction import Transaction


@dataclass(frozen=True, slots=True, kw_only=True)
class SeeNotice:
    interaction_id: int
    agent_id: int


def see_notice(tx: Transaction, command: SeeNotice) -> None:
    """Remove the notice. A repeated call changes nothing."""
    participation.see_notice(tx, command.interaction_id, command.agent_id)
