"""The identity proof that belongs to a bot turn."""

from dataclasses import dataclass, replace

from sqlalchemy import select

from handoff_service.operations.shared import running_proof
from handoff_service.operations.shared.running_proof import LockedProof
from handoff_service.rules.identity.proof import Expects
from handoff_service.rules.shared.vocabulary import Owner
from handoff_service.store.conversations import interactions
from handoff_service.store.engine import tables as t
from handoff_service.store.engine.transaction import Transaction
from handoff_service.store.identity import proofs


@dataclass(frozen=True, slots=True, kw_only=True)
class TurnRef:
    """A bot turn in the conversation with the proof."""

    turn_id: int


def next_step(tx: Transaction, turn_id: int, *, claims: bool = False) -> LockedProof | None:
    """Return the running proof, and record that this turn takes its next step. None when no proof
    runs, or when this turn has already taken a step. A turn may take two steps if its text starts a
    proof and also claims an account (``claims``).
    """
    proof = proof_of_turn(tx, turn_id)
    if proof is None or proof.row.ended_at is not None:
        return None
    begun_here = claims and proof.expects is Expects.ACCOUNT and proof.row.claimed is None
    if proof.row.turn_id == turn_id and not begun_here:
        return None
    return replace(proof, row=proofs.change(tx, proof.row, turn_id=turn_id, verdict=None))


def proof_of_turn(tx: Transaction, turn_id: int, *, may_be_new: bool = False) -> LockedProof | None:
    """The newest proof of the turn's epoch. ``may_be_new``: begin a new proof if necessary. None
    without a proof, and when the epoch is over."""
    turn = tx.conn.execute(select(t.bot_turns).where(t.bot_turns.c.id == turn_id)).one()
    interaction = interactions.lock(tx.conn, turn.interaction_id)
    if interaction.owner is not Owner.VIRTUAL_AGENT or interaction.epoch != turn.epoch:
        return None
    row = proofs.newest(tx.conn, interaction.id, interaction.epoch)
    if not may_be_new or (
        row is not None and (row.turn_id == turn_id or interaction.expects is Expects.OPENING)
    ):
        return LockedProof(interaction, row) if row is not None else None
    if row is not None and row.ended_at is None:
        running_proof.end(tx, LockedProof(interaction, row))
    asked_by = row.asked_by if row is not None and interaction.back_to is not None else None
    number = interaction.requester_number
    return LockedProof(
        interaction, proofs.begin(tx, interaction.id, interaction.epoch, number, asked_by)
    )
