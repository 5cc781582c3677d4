"""The steps of an identity proof: ask, send a code, check the answer, end.

Replies to the requester depend only on ``ProofState``, which does not reveal whether the account
exists.
"""

from dataclasses import dataclass, replace

from sqlalchemy import select

from handoff_service.operations.identity import knowledge_facts
from handoff_service.operations.identity.knowledge_facts import Answer
from handoff_service.operations.identity.verify_requester import Verify, verify_requester
from handoff_service.operations.shared import messages
from handoff_service.operations.shared.running_proof import LockedProof, ask, end, fail, has_mail
from handoff_service.rules.identity import proof as rules
from handoff_service.rules.identity.identity_level import Method
from handoff_service.rules.identity.proof import Expects, ProofOutcome, Verdict
from handoff_service.rules.shared.vocabulary import Event, Work
from handoff_service.store.desk.agents import agent_name
from handoff_service.store.engine import due_work
from handoff_service.store.engine import tables as t
from handoff_service.store.engine.transaction import Transaction
from handoff_service.store.identity import proof_codes, proofs
from handoff_service.store.identity.proofs import Proving


@dataclass(frozen=True, slots=True, kw_only=True)
class ProofState:
    """The state of a proof. If both ``expects`` and ``outcome`` are None, there is no proof.

    - ``verdict``: the result of checking the answer in this turn.
    - ``stepped``: whether the proof has advanced in this turn.
    - ``left``: remaining attempts.
    - ``facts``: the names of the identity facts that can replace a code.
    - ``asked_by``: the name of the live agent who asked for the proof.
    """

    expects: Expects | None = None
    outcome: ProofOutcome | None = None
    verdict: Verdict | None = None
    stepped: bool = False
    left: int = rules.ATTEMPTS
    facts: tuple[str, ...] = ()
    asked_by: str | None = None


def proof_state(tx: Transaction, proof: LockedProof | None, turn_id: int) -> ProofState:
    """The part of a proof's state that replies to the requester may reveal."""
    if proof is None:
        return ProofState()
    row = proof.row
    asked_by = agent_name(tx.conn, row.asked_by) if row.asked_by else None
    if row.ended_at is not None:
        return ProofState(outcome=row.outcome, asked_by=asked_by)
    return ProofState(
        expects=proof.expects,
        verdict=row.verdict if row.turn_id == turn_id else None,
        stepped=row.turn_id == turn_id,
        left=rules.attempts_left(proofs.wrong_answers(tx.conn, row.number, tx.now)),
        facts=tuple(knowledge_facts.names(tx.conn)),
        asked_by=asked_by,
    )


def can_prove(tx: Transaction) -> bool:
    """Whether this desk can verify requesters by text at all."""
    return tx.settings.mails or bool(knowledge_facts.names(tx.conn))


def send_code(tx: Transaction, proof: LockedProof) -> LockedProof:
    """Mail a code. A send counts even when no account gets the mail, because replies must not
    reveal whether the account exists. A person gets only a limited number of codes, regardless of
    the numbers that ask for them. Above this limit, no code is mailed, and only agents see why."""
    row = proof.row
    if not rules.may_send(proof_codes.sends(tx.conn, row.number, tx.now), tx.now):
        return fail(tx, proof, "too many codes were requested from this number")
    until = tx.now + rules.CODE_LASTS
    may_be_mailed = row.user_id is None or rules.may_send(
        proof_codes.mails_to(tx.conn, row.user_id, tx.now), tx.now
    )
    send_id = proof_codes.put_send(tx, row, until)
    row = proofs.change(tx, row, code_hash=None, code_until=until)
    if not may_be_mailed:
        sentence, why = "No code was e-mailed", "too many were requested for this person"
        messages.append_line(tx, proof.interaction, sentence, event=Event.IDENTITY, reason=why)
    elif has_mail(tx, row.user_id):
        due_work.schedule(
            tx,
            [
                due_work.Due(
                    kind=Work.MAIL_CODE, key=str(send_id), line=f"mail:{row.id}", due_at=tx.now
                )
            ],
        )
    return ask(tx, replace(proof, row=row), Expects.CODE)


def ask_fact(tx: Transaction, proof: LockedProof) -> LockedProof:
    """Ask for an identity fact. If the account has no attempts left, the proof fails and a live
    agent takes over."""
    return (
        ask(tx, proof, Expects.FACT) if _may_guess(tx, proof.row) else _fail_guessed_at(tx, proof)
    )


def _may_guess(tx: Transaction, row: Proving) -> bool:
    """Whether the claimed account has attempts left. The limit also applies to accounts that do not
    exist."""
    return rules.attempts_left(proofs.wrong_about_claim(tx.conn, row.claimed or "", tx.now)) > 0


def _fail_guessed_at(tx: Transaction, proof: LockedProof) -> LockedProof:
    return fail(tx, proof, f"{rules.ATTEMPTS} wrong answers about this account within a day")


def code_verdict(tx: Transaction, proof: LockedProof, guesses: Answer) -> Verdict:
    """Check the codes in the requester's text."""
    kept = proof.row.code_hash
    same = kept is not None and any(kept in guess for guess in guesses)
    return rules.judge_code(
        six_digits=bool(guesses), same=same, until=proof.row.code_until, now=tx.now
    )


def fact_verdict(tx: Transaction, proof: LockedProof, *, right: bool) -> Verdict:
    """The verdict on an identity fact. ``right``: whether it matches. After too many wrong guesses
    about the user, from any number, even a right answer counts as wrong."""
    user_id = proof.row.user_id
    guessed_at = user_id is None or proofs.wrong_about(tx.conn, user_id, tx.now) >= rules.ATTEMPTS
    return Verdict.RIGHT if right and not guessed_at else Verdict.WRONG


def wrong(tx: Transaction, proof: LockedProof) -> LockedProof:
    """Count a wrong answer. When no attempts are left, the proof fails."""
    row = proofs.change(tx, proof.row, wrong=proof.row.wrong + 1)
    proof = replace(proof, row=row)
    if rules.attempts_left(proofs.wrong_answers(tx.conn, row.number, tx.now)):
        may_go_on = proof.expects is not Expects.FACT or _may_guess(tx, row)
        return proof if may_go_on else _fail_guessed_at(tx, proof)
    what = "identity fact" if proof.expects is Expects.FACT else "code"
    return fail(tx, proof, f"{rules.ATTEMPTS} wrong answers, the last one a wrong {what}")


def succeed(tx: Transaction, proof: LockedProof, method: Method) -> LockedProof:
    """Verify the requester as the claimed user, and end the proof. If there is no such active user,
    the answer counts as wrong instead."""
    row = proof.row
    active = select(t.users.c.id).where(t.users.c.id == row.user_id, t.users.c.active)
    if row.user_id is None or tx.conn.execute(active).scalar() is None:
        return wrong(tx, proof)
    note = f"asked for by {agent_name(tx.conn, row.asked_by)}" if row.asked_by else None
    verified = Verify(
        interaction_id=row.interaction_id,
        agent_id=None,
        user_id=row.user_id,
        method=method,
        note=note,
    )
    verify_requester(tx, verified)
    return end(
        tx, proof, outcome=ProofOutcome.VERIFIED, method=method, code_hash=None, code_until=None
    )
