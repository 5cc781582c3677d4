"""Compare an identity fact that the requester texted with the stored facts, outside a
transaction."""

from dataclasses import dataclass

from sqlalchemy import Connection, select

from handoff_service.operations.identity import knowledge_facts
from handoff_service.operations.identity.knowledge_facts import Answer
from handoff_service.operations.identity.prove_identity import SettleAnswer
from handoff_service.rules.identity.proof import Expects
from handoff_service.store.engine import tables as t
from handoff_service.store.identity import proofs


@dataclass(frozen=True, slots=True, kw_only=True)
class FactToCheck:
    """A comparison to make. ``names``: the names of the facts. ``stored``: for each name, the
    claimed user's hash; None: the user has no such fact. ``guesses``: the hashes of the possible
    facts in the text."""

    names: list[str]
    stored: list[str | None]
    guesses: Answer


def fact_to_check(conn: Connection, turn_id: int) -> FactToCheck | None:
    """The comparison to make in this turn before ``settle_answer``. None when the turn contains no
    identity fact."""
    b, i = t.bot_turns, t.interactions
    turn = conn.execute(
        select(i.c.id, i.c.epoch, i.c.expects, b.c.up_to_seq)
        .join(b, b.c.interaction_id == i.c.id)
        .where(b.c.id == turn_id)
    ).one()
    guesses = proofs.answer(conn, turn.id, turn.up_to_seq)
    proof = proofs.newest(conn, turn.id, turn.epoch)
    if turn.expects != Expects.FACT or proof is None or guesses is None:
        return None
    names = knowledge_facts.names(conn)
    stored = knowledge_facts.of_user(conn, proof.user_id, names)
    return FactToCheck(names=names, stored=stored, guesses=guesses)


def checked_fact(turn_id: int, check: FactToCheck | None) -> SettleAnswer:
    """Compare the guesses with the stored facts. Call this outside a transaction, because each pair
    takes some milliseconds."""
    if check is None:
        return SettleAnswer(turn_id=turn_id)
    hashes = [keyed for guess in check.guesses for keyed in guess]
    right = knowledge_facts.matches(check.stored, hashes)
    moved = knowledge_facts.moved(check.names, check.stored, check.guesses) if right else {}
    return SettleAnswer(turn_id=turn_id, fact_right=right, moved=moved)
