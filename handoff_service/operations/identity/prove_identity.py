"""The steps of an identity proof. The virtual agent requests each step in one of its turns.

The steps: begin; claim an account; text the code or the fact, or ask for an alternative; finish. A
turn may run again after a crash, so repeating a step in the same turn changes nothing.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum

from sqlalchemy import select

from handoff_service.operations.identity import knowledge_facts, proof_steps
from handoff_service.operations.identity.knowledge_facts import Answer, Fact
from handoff_service.operations.identity.proof_steps import ProofState
from handoff_service.operations.identity.turn_proof import TurnRef, next_step, proof_of_turn
from handoff_service.operations.identity.verify_requester import Verify, verify_requester
from handoff_service.operations.shared import running_proof
from handoff_service.operations.shared.running_proof import LockedProof
from handoff_service.operations.virtual_agent.request_hand_off import (
    RequestHandOff,
    request_hand_off,
)
from handoff_service.rules.identity import proof as rules
from handoff_service.rules.identity.identity_level import Method
from handoff_service.rules.identity.proof import Expects, ProofOutcome, Verdict
from handoff_service.store.conversations import interactions
from handoff_service.store.engine import tables as t
from handoff_service.store.engine.transaction import Transaction
from handoff_service.store.identity import proofs

LONGEST_CLAIM = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class ClaimedAccount:
    """``claimed``: the employee number or e-mail address that the requester gave."""

    turn_id: int
    claimed: str


class AlternativeKind(StrEnum):
    """What a requester who cannot answer the question of the proof asks for instead."""

    NEW_CODE = "new_code"
    OTHER = "other"  #: an identity fact instead of a code
    OTHER_ACCOUNT = "other_account"  #: another e-mail address or employee number
    NO_CODE = "no_code"  #: nothing in particular, because no code has arrived


@dataclass(frozen=True, slots=True, kw_only=True)
class Alternative:
    turn_id: int
    wish: AlternativeKind


@dataclass(frozen=True, slots=True, kw_only=True)
class SettleAnswer:
    """Check the answer in the requester's text. ``fact_right``: whether the answer matches one of
    the user's identity facts. ``checked_fact`` computes this before the transaction, because the
    comparison takes some milliseconds. ``moved``: the result of ``knowledge_facts.moved``."""

    turn_id: int
    fact_right: bool = False
    moved: Mapping[str, Fact] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Finish:
    """``collected``: the other facts that the bot has collected, for the handoff card: name ->
    value."""

    turn_id: int
    collected: Mapping[str, str] = field(default_factory=dict)


def begin_proof(tx: Transaction, command: TurnRef) -> ProofState:
    """Start to verify the requester. An earlier proof in this epoch starts over, but its wrong
    answers still count."""
    proof = proof_of_turn(tx, command.turn_id, may_be_new=True)
    if proof is None or proof.row.turn_id == command.turn_id:
        return proof_steps.proof_state(tx, proof, command.turn_id)
    row = proofs.change(tx, proof.row, turn_id=command.turn_id, verdict=None)
    proof = running_proof.ask(tx, replace(proof, row=row), Expects.ACCOUNT)
    if rules.attempts_left(proofs.wrong_answers(tx.conn, row.number, tx.now)) == 0:
        proof = running_proof.fail(
            tx,
            proof,
            f"this number is locked out after {rules.ATTEMPTS} wrong answers within a day",
        )
    elif not proof_steps.can_prove(tx):
        proof = running_proof.fail(
            tx, proof, "this desk sends no e-mail, and nobody has an identity fact"
        )
    return proof_steps.proof_state(tx, proof, command.turn_id)


def read_proof_state(tx: Transaction, command: TurnRef) -> ProofState:
    """The state of the proof, from which the virtual agent chooses its next question."""
    return proof_steps.proof_state(tx, proof_of_turn(tx, command.turn_id), command.turn_id)


def claim_account(tx: Transaction, command: ClaimedAccount) -> ProofState:
    """Store which account the requester claims, and mail a code to its e-mail address if it has
    one. A desk without mail asks for an identity fact instead. A new claim, for example after a
    typing error, starts the proof over. Wrong answers about an earlier account still count against
    that account."""
    proof = next_step(tx, command.turn_id, claims=True)
    if proof is not None and proof.row.claimed is not None:
        proof = _begin_again(tx, proof)
    if proof is not None:
        claimed = command.claimed.strip()[:LONGEST_CLAIM]
        row = proofs.change(
            tx, proof.row, claimed=claimed, user_id=proofs.claimed_user(tx.conn, claimed)
        )
        proof = replace(proof, row=row)
        proof = (
            proof_steps.send_code(tx, proof)
            if tx.settings.mails
            else proof_steps.ask_fact(tx, proof)
        )
    return proof_steps.proof_state(tx, proof or proof_of_turn(tx, command.turn_id), command.turn_id)


def _begin_again(tx: Transaction, proof: LockedProof) -> LockedProof:
    turn_id = proof.row.turn_id
    ended = running_proof.end(tx, proof)
    row = proofs.begin(
        tx, proof.interaction.id, proof.interaction.epoch, proof.row.number, proof.row.asked_by
    )
    return replace(ended, row=proofs.change(tx, row, turn_id=turn_id))


def offer_alternative(tx: Transaction, command: Alternative) -> ProofState:
    """Offer an alternative to a requester who cannot answer: a new code, an identity fact or
    another account. If none of them fits the wish, ask the requester to choose. The proof fails for
    a requester who does not know the identity fact."""
    proof = next_step(tx, command.turn_id)
    if proof is not None and proof.expects is not Expects.ACCOUNT:
        if command.wish is AlternativeKind.NEW_CODE and tx.settings.mails:
            proof = proof_steps.send_code(tx, proof)
        elif command.wish is AlternativeKind.OTHER_ACCOUNT:
            proof = running_proof.ask(tx, proof, Expects.ACCOUNT)
        elif proof.expects is Expects.FACT:
            proof = running_proof.fail(tx, proof, "the requester does not know the identity fact")
        elif command.wish is AlternativeKind.OTHER and knowledge_facts.names(tx.conn):
            proof = proof_steps.ask_fact(tx, proof)
        else:
            proof = running_proof.ask(tx, proof, Expects.CHOICE)
    return proof_steps.proof_state(tx, proof or proof_of_turn(tx, command.turn_id), command.turn_id)


def settle_answer(tx: Transaction, command: SettleAnswer) -> ProofState:
    """Check the code or the identity fact in this turn's text."""
    proof = next_step(tx, command.turn_id)
    if proof is not None:
        up_to = tx.conn.execute(
            select(t.bot_turns.c.up_to_seq).where(t.bot_turns.c.id == command.turn_id)
        ).scalar_one()
        guesses = proofs.answer(tx.conn, proof.interaction.id, up_to)
        proofs.forget_answers(tx, proof.interaction.id, up_to)
        if guesses is not None:
            proof = _judge(tx, proof, guesses, command)
    return proof_steps.proof_state(tx, proof or proof_of_turn(tx, command.turn_id), command.turn_id)


def _judge(
    tx: Transaction, proof: LockedProof, guesses: Answer, command: SettleAnswer
) -> LockedProof:
    by_fact = proof.expects is Expects.FACT
    if by_fact:
        verdict = proof_steps.fact_verdict(tx, proof, right=command.fact_right)
    else:
        verdict = proof_steps.code_verdict(tx, proof, guesses)
    proof = replace(proof, row=proofs.change(tx, proof.row, verdict=verdict))
    match verdict:
        case Verdict.RIGHT:
            if by_fact and proof.row.user_id is not None:
                knowledge_facts.put_facts(tx, proof.row.user_id, command.moved)
            return proof_steps.succeed(tx, proof, Method.KNOWLEDGE if by_fact else Method.CODE)
        case Verdict.WRONG:
            return proof_steps.wrong(tx, proof)
        case Verdict.TOO_OLD:
            return proof_steps.send_code(tx, proof)
    return running_proof.ask(tx, proof, Expects.CODE)


def finish_proof(tx: Transaction, command: Finish) -> ProofState:
    """Request a handoff at the end of the turn if the proof has failed, or if a live agent asked
    for it. In the second case, the agent who had the conversation gets it back."""
    proof = proof_of_turn(tx, command.turn_id)
    if proof is not None and proof.row.outcome is not None:
        row = proof.row
        failed = row.outcome is ProofOutcome.FAILED
        if failed or row.asked_by is not None:
            reason = (
                f"Identity check not finished: {row.why}." if failed else "Identity check passed."
            )
            collected = {**command.collected, **running_proof.card(row)}
            request_hand_off(
                tx, RequestHandOff(turn_id=command.turn_id, reason=reason, collected=collected)
            )
    return proof_steps.proof_state(tx, proof, command.turn_id)


def drop_proof(tx: Transaction, command: TurnRef) -> ProofState:
    """Stop a proof because the requester does not want it, or because the virtual agent no longer
    knows its state, for example after a restart. If a live agent asked for the proof, the agent who
    had the conversation gets it back when the turn ends."""
    proof = proof_of_turn(tx, command.turn_id)
    if proof is None or proof.row.ended_at is not None:
        return proof_steps.proof_state(tx, proof, command.turn_id)
    if proof.row.asked_by is None:
        return proof_steps.proof_state(tx, running_proof.end(tx, proof), command.turn_id)
    running_proof.fail(tx, proof, "the requester stopped the check")
    return finish_proof(tx, Finish(turn_id=command.turn_id))


def not_this_person(tx: Transaction, command: TurnRef) -> None:
    """Unlink the number, because the requester denies being its user. The number has no user until
    the requester is verified."""
    turn = tx.conn.execute(select(t.bot_turns).where(t.bot_turns.c.id == command.turn_id)).one()
    interaction = interactions.lock(tx.conn, turn.interaction_id)
    if interaction.active and interaction.epoch == turn.epoch and interaction.user_id is not None:
        untied = Verify(
            interaction_id=interaction.id, agent_id=None, user_id=None, method=Method.REQUESTER
        )
        verify_requester(tx, untied)
