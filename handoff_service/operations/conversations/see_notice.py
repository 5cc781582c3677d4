"""An agent has seen the notice about a colleague's action on their conversation."""

from dataclasses import dataclass

from handoff_service.store.conversations import colleague_notices
from handoff_service.store.engine.transaction import Transaction


@dataclass(frozen=True, slots=True, kw_only=True)
class SeeNotice:
    interaction_id: int
    agent_id: int


def see_notice(tx: Transaction, command: SeeNotice) -> None:
    """Drop the notice. Repeating it changes nothing."""
    if colleague_notices.drop(tx, command.agent_id, command.interaction_id):
        tx.hint(f"agent:{command.agent_id}")
