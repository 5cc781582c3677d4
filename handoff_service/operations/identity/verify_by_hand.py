"""A live agent verifies a requester by hand, which ends a running proof of the virtual agent.

If a live agent asked for the proof, the agent who had the conversation gets it back. If not, the
virtual agent continues at once with the task that needed the proof.
"""

from handoff_service.operations.identity.verify_requester import Verify, verify_requester
from handoff_service.operations.shared import running_proof
from handoff_service.operations.shared.running_proof import LockedProof
from handoff_service.operations.virtual_agent.leave_virtual_agent import leave_virtual_agent
from handoff_service.operations.virtual_agent.open_turn import open_turn
from handoff_service.operations.virtual_agent.redact_secrets import ENDED
from handoff_service.rules.identity.identity_level import Method
from handoff_service.rules.identity.proof import ProofOutcome
from handoff_service.store.conversations import interactions
from handoff_service.store.desk.agents import agent_name
from handoff_service.store.engine.transaction import Transaction
from handoff_service.store.identity import proofs
from handoff_service.store.virtual_agent import bot_turns


def verify_by_hand(tx: Transaction, command: Verify) -> None:
    """Verify the requester by hand. A command that only rules out a user does not end a running
    proof."""
    verify_requester(tx, command)
    interaction = interactions.lock(tx.conn, command.interaction_id)
    row = (
        proofs.newest(tx.conn, interaction.id, interaction.epoch)
        if interaction.expects is not None
        else None
    )
    if row is None or row.ended_at is not None or command.user_id is None:
        return
    ended = running_proof.end(
        tx, LockedProof(interaction, row), outcome=ProofOutcome.VERIFIED, method=Method.AGENT
    )
    if interaction.back_to is not None:
        by = agent_name(tx.conn, command.agent_id) if command.agent_id is not None else "Somebody"
        leave_virtual_agent(tx, ended.interaction, f"{by} verified the requester manually.", {})
    elif not bot_turns.is_asked(tx.conn, interaction.id, interaction.epoch):
        open_turn(tx, ended.interaction, ENDED)
