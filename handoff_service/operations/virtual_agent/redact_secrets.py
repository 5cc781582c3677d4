"""Redact secrets in requesters' texts. Only keyed hashes of the secrets are stored. The virtual
agent gets a payload instead of an answer that is a secret."""

from collections.abc import Sequence

from sqlalchemy import insert, select

from handoff_service.rules.identity.proof import Expects, code_hash, fact_hash
from handoff_service.rules.identity.secrets_in_texts import without_codes
from handoff_service.store.conversations.interactions import InteractionRow
from handoff_service.store.engine import tables as t
from handoff_service.store.engine.transaction import Transaction
from handoff_service.store.identity.proof_codes import LiveCode

OPENING = "/prove_identity"  # the payload that starts a proof
ENDED = "/proof_ended"  # the payload after a live agent has verified the requester
ANSWERED = "/tell_secret"  # the payload that replaces the answer to a proof


def keep(
    tx: Transaction,
    interaction_id: int,
    expects: Expects | None,
    answers: Sequence[tuple[int, tuple[str, ...]]],
) -> None:
    """Store the hashes of answers until a turn checks them. ``answers``: pairs of the text's
    position in the conversation and the guesses in it. Each guess is hashed with every accepted
    key, the current key first, because an old key may have hashed the right answer."""
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
    """Redact codes in a text that is not the answer to a proof. ``codes``: the live codes of the
    sender's number.

    While a code can still be guessed, any six digits are masked, because the virtual agent's
    reaction would otherwise confirm a guess. If all codes are used, or if the proof expects an
    account, only digits that match a code for which no proof waits are masked, because an employee
    number can have six digits too.
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
    """The payload that the virtual agent gets instead of a secret answer. None: the texts contain
    no answer to a running proof."""
    if interaction.expects is None:
        return None
    a = t.proof_answers
    query = select(a.c.id).where(a.c.interaction_id == interaction.id, a.c.seq > after).limit(1)
    return ANSWERED if tx.conn.execute(query).first() is not None else None
