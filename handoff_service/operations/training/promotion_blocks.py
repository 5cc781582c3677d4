"""The reasons why a model cannot be promoted now."""

from sqlalchemy import Connection, select

from handoff_service.rules.shared.phrases import phrase
from handoff_service.rules.shared.vocabulary import ModelState, ReplayVerdict
from handoff_service.store.engine import tables as t
from handoff_service.store.views.training import BotModel


def promotion_blocks(conn: Connection, model: BotModel, running: BotModel | None) -> list[str]:
    """The reasons why this model cannot be promoted, as sentences that name the next step. Empty if
    it can be promoted."""
    if model.state is ModelState.GONE:
        return [phrase("The file of this model is gone. Train again.")]
    if running is None or running.hash == model.hash:
        return []
    if model.scores is None:
        return [phrase("This model has not been measured yet. Measure it, then promote it.")]
    if model.scores["against"] != running.hash:
        return [
            phrase(
                "This model was compared with one that no longer runs. Measure it again, "
                "then promote it."
            )
        ]
    return [*model.scores["reasons"], *_pinned_since(conn, model)]


def _pinned_since(conn: Connection, model: BotModel) -> list[str]:
    """A sentence for each text that was pinned after the model was measured."""
    held, replayed = t.pinned_texts, t.replayed_texts
    worse = (
        (replayed.c.text == held.c.text)
        & (replayed.c.model == model.hash)
        & (replayed.c.verdict == ReplayVerdict.WORSE)
    )
    query = (
        select(held.c.text, held.c.intent, replayed.c.after)
        .outerjoin(replayed, worse)
        .where(held.c.removed_at.is_(None))
        .where(held.c.id.not_in(list((model.scores or {})["pinned"])))
    )
    return [
        phrase(
            "The required text “{text}” must mean {intent}. The new model takes it for {after}.",
            text=row.text,
            intent=row.intent,
            after=row.after,
        )
        if row.after is not None
        else phrase(
            "The text “{text}” became required after the measurement. Measure it again.",
            text=row.text,
        )
        for row in conn.execute(query)
    ]
