"""Redacts secrets in requesters' texts. Only their keyed hashes are stored. The virtual agent gets
a payload in place of the answer."""

from collections.abc import Sequence

from sqlalchemy import insert, select

from handoff_service.rules.identity.proof import Expects, code_hash, fact_hash
from handoff_service.rules.identity.secrets_in_texts import without_codes
from handoff_service.store.conversations.interactions import InteractionRow
from handoff_service.store.engine import tables as t
from handoff_service.store.engine.transaction import Transaction
from handoff_service.store.identity.proof_codes import LiveCode

OPENING = "/prove_identity"  # payload that starts a proof
ENDED = "/proof_ended"  # payload of an answer that came after an agent had verified the requester
ANSWERED = "/tell_secret"  # payload of an answer to a proof


def keep(
    tx: Transaction,
    interaction_id: int,
    expects: Expects | None,
    answers: Sequence[tuple[int, tuple[str, ...]]],
) -> None:
    """Store the hashes of answers until a turn checks them. ``answers``: sequence number in the
    conversation -> guesses. Each guess is hashed with every accepted key, the current one first,
    because an old key may have made the hash to compare it with."""
    for seq, guesses in answers:
        by_fact = expects is Expects.FACT
        hashes = [
            [
                fact_hash(key, one) if by_fact else code_hash(key, interaction_id, one)
                for key in tx.settings.keys
            ]
            for one in guesses
        ]
        tx.conn.execute(
            insert(t.proof_answers),
            {"interaction_id": interaction_id, "seq": seq, "guesses": hashes},
        )


def redact_codes(
    keys: Sequence[str], expects: Expects | None, codes: Sequence[LiveCode], body: str
) -> str:
    """Redact codes in a text that was not the answer to a proof. ``codes``: the live codes of its
    number.

    While a code can still be guessed, any six digits are masked, because otherwise the virtual
    agent's reaction would confirm a guess. Used codes are masked only if they match. If the proof
    expects an account, codes are also masked only if they match, because an employee number can
    have six digits.
    """
    if expects is not Expects.ACCOUNT and not all(code.used for code in codes):
        return without_codes(body, lambda _: True)
    spent = [code for code in codes if not code.waited_for]

    def was_spent(digits: str) -> bool:
        return any(
            one.hash == code_hash(key, one.interaction_id, digits) for one in spent for key in keys
        )

    return without_codes(body, was_spent)


def instead_of_texts(tx: Transaction, interaction: InteractionRow, *, after: int) -> str | None:
    """The payload that the virtual agent gets in place of a secret answer. None: there is no
    answer to a running proof."""
    if interaction.expects is None:
        return None
    a = t.proof_answers
    query = select(a.c.id).where(a.c.interaction_id == interaction.id, a.c.seq > after).limit(1)
    return ANSWERED if tx.conn.execute(query).first() is not None else None
