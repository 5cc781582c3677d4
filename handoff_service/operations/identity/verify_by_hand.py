"""A live agent verifies a requester by hand; a proof that the virtual agent has under way is not needed any more.

Whoever asked for it gets the conversation back; else the virtual agent goes on at once with what needed a proof.
"""

from handoff_service.operations import proof_steps
from handoff_service.operations.hide_answers import ENDED
from handoff_service.operations.leave_bot import leave_bot
from handoff_service.operations.proof_steps import Proof
from handoff_service.operations.take_bot_turn import open_turn
from handoff_service.operations.verify_requester import Verify, verify_requester
from handoff_service.rules.identity import Method
from handoff_service.rules.proof import Outcome
from handoff_service.store import bot_turns, interactions, people, proofs
from handoff_service.store.lanes import Transaction


def verify_by_hand(tx: Transaction, command: Verify) -> None:
    """To say who it is not leaves the proof to go on."""
    verify_requester(tx, command)
    interaction = interactions.lock(tx.conn, command.interaction_id)
    row = proofs.newest(tx.conn, interaction.id, interaction.epoch) if interaction.expects is not None else None
    if row is None or row.ended_at is not None or command.user_id is None:
        return
    ended = proof_steps.end(tx, Proof(interaction, row), outcome=Outcome.VERIFIED, method=Method.AGENT)
    if interaction.back_to is not None:
        by = people.agent_name(tx.conn, command.agent_id) if command.agent_id is not None else "Somebody"
        leave_bot(tx, ended.interaction, f"{by} has verified the requester by hand.", {})
    elif not bot_turns.is_asked(tx.conn, interaction.id, interaction.epoch):
        open_turn(tx, ended.interaction, ENDED)
