"""Secrets in requesters' texts: stored only as keyed hashes. The virtual agent learns that there
was an answer, but not what it was."""

from collections.abc import Sequence

from sqlalchemy import insert, select

from handoff_service.rules.identity.proof import Expects, code_hash, fact_hash, without_codes
from handoff_service.store.conversations.interactions import InteractionRow
from handoff_service.store.engine import tables as t
from handoff_service.store.engine.lanes import Transaction
from handoff_service.store.identity.proofs import LiveCode

OPENING = "/prove_identity"  # asks the virtual agent to start a proof
ENDED = "/proof_ended"  # an agent has verified the requester meanwhile
TOLD = "/tell_secret"  # there is an answer, whatever it was


def keep(
    tx: Transaction,
    interaction_id: int,
    expects: Expects | None,
    answers: Sequence[tuple[int, tuple[str, ...]]],
) -> None:
    """Keep answers, by their positions in the conversation, until the turn that judges them."""
    key = tx.settings.link_key
    for seq, guesses in answers:
        by_fact = expects is Expects.FACT
        hashes = [
            fact_hash(key, one) if by_fact else code_hash(key, interaction_id, one)
            for one in guesses
        ]
        tx.conn.execute(
            insert(t.proof_answers),
            {"interaction_id": interaction_id, "seq": seq, "guesses": hashes},
        )


def unasked(key: str, expects: Expects | None, codes: Sequence[LiveCode], body: str) -> str:
    """The redacted form of a text that nobody asked a code of, from a number with these live codes.

    While a code can still be guessed, six digits are masked whether or not they are the code.
    Otherwise the virtual agent's reaction would confirm a guess. A used code is masked only when it
    matches. The same holds when an employee number is expected, which may also have six digits.
    """
    if expects is not Expects.ACCOUNT and not all(code.used for code in codes):
        return without_codes(body, lambda _: True)
    spent = [code for code in codes if not code.waited_for]
    return without_codes(
        body,
        lambda digits: any(one.hash == code_hash(key, one.interaction_id, digits) for one in spent),
    )


def instead_of_texts(tx: Transaction, interaction: InteractionRow, *, after: int) -> str | None:
    """The payload for the virtual agent in place of the requester's texts while a proof runs."""
    if interaction.expects is None:
        return None
    a = t.proof_answers
    told = select(a.c.id).where(a.c.interaction_id == interaction.id, a.c.seq > after).limit(1)
    return TOLD if tx.conn.execute(told).first() is not None else None
