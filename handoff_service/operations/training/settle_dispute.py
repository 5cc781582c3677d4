"""A trainer settles a dispute: the second, blind label of a text differs from its first label.

The measured agreement of the trainers still counts both labels. If the second label is right, a new
label replaces the first one.
"""

from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy import insert, select, update

from handoff_service.errors import Conflict
from handoff_service.operations.training.keep_items import TRAINER
from handoff_service.operations.training.label_items import Labeled
from handoff_service.operations.training.undo_labels import ValidLabel
from handoff_service.rules.shared.phrases import phrase
from handoff_service.rules.shared.vocabulary import ItemState, LabelVerdict, TrainerLane
from handoff_service.rules.training.examples import error, example_of
from handoff_service.rules.training.masking import without_masks
from handoff_service.store.engine import tables as t
from handoff_service.store.engine.transaction import Transaction

i, lb, p = t.trainer_items, t.trainer_labels, t.pinned_texts
SETTLED = phrase("This dispute is settled already. Reload the page.")

type _Row = sa.Row[*tuple[Any, ...]]


@dataclass(frozen=True, slots=True, kw_only=True)
class SettleDispute:
    """``for_second``: whether the second label is right."""

    item_id: int
    agent_id: int
    for_second: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Settled:
    """``meant``: the right label. ``labeled``: the new label and its example; None if the first
    label stays."""

    meant: str
    labeled: Labeled | None = None


def first_label(tx: Transaction, command: SettleDispute) -> ValidLabel:
    """The first of the two labels. Raises Conflict when the dispute is already settled."""
    item, first, _ = _pair(tx, command.item_id)
    return ValidLabel(
        id=first.id,
        item_id=item.id,
        batch=first.batch,
        lane=TrainerLane(item.lane),
        intent=first.intent,
        example=first.example,
        file=first.file,
    )


def settle_dispute(tx: Transaction, command: SettleDispute) -> Settled:
    """Record which label is right. Raises Conflict when the dispute is already settled."""
    item, first, second = _pair(tx, command.item_id)
    was = first.intent or first.verdict
    tx.conn.execute(update(lb).where(lb.c.id == second.id).values(disputed=was))
    tx.conn.execute(update(i).where(i.c.id == item.id).values(state=ItemState.LABELED))
    tx.hint(TRAINER)
    if not command.for_second:
        return Settled(meant=was)
    tx.conn.execute(update(lb).where(lb.c.id == first.id).values(undone_at=tx.now))
    _unpin(tx, item, first)
    return _replace(tx, command, item, first, second)


def _pair(tx: Transaction, item_id: int) -> tuple[_Row, _Row, _Row]:
    """Lock the text, and return it with its two labels."""
    item = tx.conn.execute(select(i).where(i.c.id == item_id).with_for_update()).one_or_none()
    valid = (lb.c.item_id == item_id, lb.c.undone_at.is_(None))
    rows = tx.conn.execute(
        select(lb).where(*valid, lb.c.verdict != LabelVerdict.UNSURE).order_by(lb.c.id.desc())
    ).all()
    first = next((row for row in rows if not row.second), None)
    second = next((row for row in rows if row.second), None)
    if item is None or first is None or second is None or second.disputed is not None:
        raise Conflict(SETTLED)
    if (first.verdict, first.intent) == (second.verdict, second.intent):
        raise Conflict(SETTLED)
    return item, first, second


def _unpin(tx: Transaction, item: _Row, first: _Row) -> None:
    """Remove the pin of the wrong label, because it would block the promotion of every right
    model."""
    wrong = (p.c.item_id == item.id, p.c.intent == first.intent, p.c.removed_at.is_(None))
    tx.conn.execute(update(p).where(*wrong).values(removed_at=tx.now))


def _replace(
    tx: Transaction, command: SettleDispute, item: _Row, first: _Row, second: _Row
) -> Settled:
    example = None
    if second.verdict == LabelVerdict.INTENT:
        written = first.example or example_of(without_masks(item.text))
        example = written if error(written) is None else None
    new = insert(lb).values(
        item_id=item.id,
        agent_id=command.agent_id,
        verdict=second.verdict,
        intent=second.intent,
        example=example,
        second=False,
        made_at=tx.now,
    )
    made = int(tx.conn.execute(new.returning(lb.c.id)).scalar_one())
    tx.conn.execute(update(lb).where(lb.c.id == made).values(batch=made))
    examples = {made: example} if example else {}
    labeled = Labeled(batch=made, lane=TrainerLane(item.lane), second=False, examples=examples)
    return Settled(meant=second.intent or second.verdict, labeled=labeled)
