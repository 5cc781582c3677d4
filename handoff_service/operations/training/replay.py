"""Store the real texts that a new model answers differently, and a trainer's verdict on each."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import delete, insert, select, update

from handoff_service.errors import NotFound
from handoff_service.operations.training.keep_items import TRAINER
from handoff_service.rules.shared.phrases import phrase
from handoff_service.rules.shared.vocabulary import ReplayVerdict
from handoff_service.rules.training.clusters import fold_hash
from handoff_service.rules.training.comparison import Answer
from handoff_service.rules.training.intents import NOT_UNDERSTOOD, alike
from handoff_service.store.engine import tables as t
from handoff_service.store.engine.transaction import Transaction
from handoff_service.store.training.replay import RealText

r, p = t.replayed_texts, t.pinned_texts


@dataclass(frozen=True, slots=True, kw_only=True)
class Replayed:
    """A real text with the answers of the running model (``before``) and the new model
    (``after``)."""

    text: RealText
    before: Answer
    after: Answer


@dataclass(frozen=True, slots=True, kw_only=True)
class KeepReplay:
    model: str
    texts: Sequence[Replayed]


@dataclass(frozen=True, slots=True, kw_only=True)
class JudgeReplayed:
    id: int
    verdict: ReplayVerdict
    agent_id: int


def changes(one: Replayed) -> bool:
    """Whether the requester would get another answer from the new model."""
    return alike(one.before.intent) != alike(one.after.intent)


def keep_replay(tx: Transaction, command: KeepReplay) -> None:
    """Replace the texts of this model that have no verdict with those whose answer changes. Texts
    with a verdict stay."""
    mine = r.c.model == command.model
    tx.conn.execute(delete(r).where(mine, r.c.verdict.is_(None)))
    judged = set(tx.conn.execute(select(r.c.text).where(mine)).scalars())
    rows = [
        {
            "model": command.model,
            "bot_turn_id": one.text.bot_turn_id,
            "text": one.text.text,
            "before": one.before.intent,
            "before_confidence": one.before.confidence,
            "after": one.after.intent,
            "after_confidence": one.after.confidence,
        }
        for one in command.texts
        if changes(one) and one.text.text not in judged
    ]
    if rows:
        tx.conn.execute(insert(r), rows)
    tx.hint(TRAINER)


def judge_replayed(tx: Transaction, command: JudgeReplayed) -> str:
    """Store a trainer's verdict on a changed answer. Returns the model's hash.

    The verdict "worse" pins the text to the running model's intent, unless the text is pinned
    already. Any other verdict removes this pin. Raises NotFound when the text is not part of a
    replay.
    """
    row = tx.conn.execute(
        select(r, t.bot_turns.c.asked)
        .join(t.bot_turns, t.bot_turns.c.id == r.c.bot_turn_id)
        .where(r.c.id == command.id)
    ).one_or_none()
    if row is None:
        raise NotFound(phrase("This text is no longer part of a replay. Reload the page."))
    tx.conn.execute(
        update(r)
        .where(r.c.id == command.id)
        .values(verdict=command.verdict, agent_id=command.agent_id, judged_at=tx.now)
    )
    held = (p.c.fold == fold_hash(row.text), p.c.removed_at.is_(None))
    if command.verdict is ReplayVerdict.WORSE:
        if tx.conn.execute(select(p.c.id).where(*held)).first() is None:
            asked = row.asked or {}
            tx.conn.execute(
                insert(p).values(
                    text=row.text,
                    fold=fold_hash(row.text),
                    intent=row.before or NOT_UNDERSTOOD,
                    form=asked.get("form"),
                    slot=asked.get("slot"),
                    agent_id=command.agent_id,
                    made_at=tx.now,
                )
            )
    elif row.verdict == ReplayVerdict.WORSE:
        pinned_here = (p.c.intent == row.before, p.c.made_at == row.judged_at)
        tx.conn.execute(update(p).where(*held, *pinned_here).values(removed_at=tx.now))
    tx.hint(TRAINER)
    return str(row.model)
