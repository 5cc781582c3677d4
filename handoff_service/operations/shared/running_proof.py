"""Record which answer a running identity proof expects next, let the proof fail, or end it."""

from dataclasses import dataclass, replace

from sqlalchemy import select

from handoff_service.operations.shared import messages
from handoff_service.rules.identity import proof as rules
from handoff_service.rules.identity.proof import Expects, ProofOutcome
from handoff_service.rules.shared.vocabulary import Event, Work
from handoff_service.store.conversations import interactions
from handoff_service.store.conversations.interactions import InteractionRow
from handoff_service.store.engine import due_work
from handoff_service.store.engine import tables as t
from handoff_service.store.engine.transaction import Transaction
from handoff_service.store.identity import proofs
from handoff_service.store.identity.proofs import Proving


@dataclass(frozen=True, slots=True)
class LockedProof:
    """A proof and its locked interaction."""

    interaction: InteractionRow
    row: Proving

    @property
    def expects(self) -> Expects | None:
        return self.interaction.expects


def ask(tx: Transaction, proof: LockedProof, expects: Expects | None) -> LockedProof:
    """Record which answer the proof expects next; None: no answer. If a live agent waits for the
    proof, the requester's time to answer starts over."""
    interaction = proof.interaction
    interactions.put_expects(tx.conn, interaction.id, expects)
    if interaction.back_to is not None and expects is not None:
        wait_for_answer(tx, interaction)
    return replace(proof, interaction=replace(interaction, expects=expects))


def wait_for_answer(tx: Transaction, interaction: InteractionRow) -> None:
    """Start the time limit for an answer. After it, the conversation returns to the live agent who
    had it before the proof."""
    until = tx.now + rules.ANSWERS_WITHIN
    key = str(interaction.id)
    due_work.schedule(
        tx, [due_work.Due(kind=Work.PROOF_LIMIT, key=key, line=f"proof:{key}", due_at=until)]
    )


def has_mail(tx: Transaction, user_id: int | None) -> bool:
    """Whether this user is active and has an e-mail address. False for None."""
    email = select(t.users.c.email).where(t.users.c.id == user_id, t.users.c.active)
    return bool(tx.conn.execute(email).scalar())


def fail(tx: Transaction, proof: LockedProof, why: str) -> LockedProof:
    """End the proof as failed, and add a line with the reason that agents see."""
    row = proof.row
    if row.claimed is not None and row.user_id is None:
        why = f"{why}; no user matches {row.claimed}"
    elif row.user_id is not None and not has_mail(tx, row.user_id):
        why = f"{why}; no e-mail address on file"
    messages.append_line(
        tx, proof.interaction, "Identity check not finished", event=Event.IDENTITY, reason=why
    )
    return end(tx, proof, outcome=ProofOutcome.FAILED, why=why)


def end_running(tx: Transaction, interaction: InteractionRow, why: str) -> dict[str, str]:
    """End a running proof as failed. Returns its fields for the handoff card, and no fields if no
    proof is running."""
    row = proofs.newest(tx.conn, interaction.id, interaction.epoch)
    if row is None or row.ended_at is not None:
        return {}
    ended = fail(tx, LockedProof(interaction, row), why)
    return card(ended.row)


def card(row: Proving) -> dict[str, str]:
    """The fields of a proof on the handoff card: name -> value."""
    passed = row.outcome is ProofOutcome.VERIFIED
    how = "passed" if passed else f"not finished: {row.why}"
    claimed = {"Claimed to be": row.claimed} if row.claimed else {}
    return {"Identity check": how, **claimed}


def end(tx: Transaction, proof: LockedProof, **values: object) -> LockedProof:
    """End the proof and stop expecting an answer. ``values``: columns to set. If the requester
    texts an unused code later, it is still redacted."""
    row = proofs.change(tx, proof.row, ended_at=tx.now, **values)
    return ask(tx, replace(proof, row=row), None)
