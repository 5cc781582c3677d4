"""Label a text, alone or together with its whole cluster.

The label is stored first. It claims the text, so a second trainer gets a Conflict. Then
``bot_control/labeling.py`` writes the examples to the files, and ``mark_written`` records the
files. If the service stops before that, ``store.training.labels.unwritten`` finds the label later.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy import insert, select, update

from handoff_service.errors import BadInput, Conflict, NotFound
from handoff_service.operations.training.keep_items import TRAINER
from handoff_service.operations.training.pin_texts import pin_item
from handoff_service.rules.shared.phrases import phrase
from handoff_service.rules.shared.vocabulary import ItemState, LabelVerdict, TrainerLane
from handoff_service.rules.training import order
from handoff_service.rules.training.examples import error, example_of, one_line
from handoff_service.rules.training.masking import without_masks
from handoff_service.store.engine import tables as t
from handoff_service.store.engine.transaction import Transaction
from handoff_service.store.training import items

i, lb, p = t.trainer_items, t.trainer_labels, t.pinned_texts

type _Row = sa.Row[*tuple[Any, ...]]


@dataclass(frozen=True, slots=True, kw_only=True)
class LabelItem:
    """``example``: the text with its entities, as the trainer has edited it. None: the stored text,
    of which the masks are removed."""

    item_id: int
    agent_id: int
    verdict: LabelVerdict
    intent: str | None = None
    example: str | None = None
    whole_cluster: bool = False
    pinned: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Labeled:
    """The result of one action of a trainer. ``second``: whether the label is the second, blind
    one. ``examples``: label id -> the example to write to the training data, or to the test texts
    for the audit lane."""

    batch: int
    lane: TrainerLane
    second: bool
    examples: Mapping[int, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """``files``: label id -> the file to which its example was written. None: the training data
    already had the example."""

    files: Mapping[int, str | None]


def label_item(tx: Transaction, command: LabelItem) -> Labeled:
    """Store a trainer's label. Raises NotFound for an unknown text. Raises BadInput when the
    verdict needs an intent and none was chosen, and the other way round. Raises Conflict when the
    text no longer waits for this trainer."""
    item = _locked(tx, command)
    second = item.state == ItemState.SECOND
    if (command.verdict is LabelVerdict.INTENT) != bool(command.intent):
        raise BadInput(phrase("Choose an intent."), errors={"intent": phrase("Choose an intent.")})
    chosen = [item, *_others(tx, item)] if command.whole_cluster and not second else [item]
    taught = command.verdict is LabelVerdict.INTENT and not second
    made: dict[int, str] = {}
    batch: int | None = None
    for one in chosen:
        example = _example(one, command, own=one is item) if taught else None
        label = _put_label(tx, one, command, example, second=second, batch=batch)
        batch = batch or label
        if example:
            made[label] = example
        drawn = order.is_drawn(tx.settings.link_key, "second", label)
        state = _state(command.verdict, again=drawn and not second, second=second)
        tx.conn.execute(update(i).where(i.c.id == one.id).values(state=state))
    _keep_cluster(tx, item)
    if command.pinned and command.intent:
        pin_item(tx, item, command.intent, command.agent_id)
    tx.hint(TRAINER)
    return Labeled(batch=batch or 0, lane=TrainerLane(item.lane), second=second, examples=made)


def mark_written(tx: Transaction, command: Written) -> None:
    for label, file in command.files.items():
        values = {"file": file} if file is not None else {"example": None}
        tx.conn.execute(update(lb).where(lb.c.id == label).values(**values))


def _locked(tx: Transaction, command: LabelItem) -> _Row:
    row = tx.conn.execute(
        select(i).where(i.c.id == command.item_id).with_for_update()
    ).one_or_none()
    if row is None:
        raise NotFound(phrase("There is no text {item_id} to label.", item_id=command.item_id))
    if tx.conn.execute(
        select(i.c.id).where(i.c.id == row.id, items.waits_for(command.agent_id, tx.now))
    ).first():
        return row
    other = tx.conn.execute(
        select(t.agents.c.name, lb.c.intent, lb.c.agent_id)
        .join(t.agents, t.agents.c.id == lb.c.agent_id)
        .where(lb.c.item_id == row.id, lb.c.undone_at.is_(None))
        .order_by(lb.c.id.desc())
        .limit(1)
    ).first()
    if other is None:
        raise Conflict(phrase("This text no longer needs a label. Go to the next text."))
    intent = other.intent if row.state == ItemState.LABELED else None
    raise Conflict(_labeled(None if other.agent_id == command.agent_id else other.name, intent))


def _labeled(name: str | None, intent: str | None) -> str:
    """The error for a text that already has a label. ``name``: the colleague who labeled it; None:
    this trainer. ``intent`` None: the page must not show the label.
    """
    if name is None and intent:
        return phrase(
            "You have labeled this text already as {intent}. Your label was not kept.",
            intent=intent,
        )
    if name is None:
        return phrase("You have labeled this text already. Your label was not kept.")
    if intent:
        return phrase(
            "{name} has labeled this text already as {intent}. Your label was not kept.",
            name=name,
            intent=intent,
        )
    return phrase("{name} has labeled this text already. Your label was not kept.", name=name)


def _others(tx: Transaction, item: _Row) -> Sequence[_Row]:
    same = (i.c.cluster == item.cluster, i.c.lane == item.lane, i.c.id != item.id)
    query = select(i).where(*same, i.c.state == ItemState.WAITING)
    return tx.conn.execute(query.order_by(i.c.id).with_for_update()).all()


def _example(item: _Row, command: LabelItem, *, own: bool) -> str | None:
    if own and command.example is not None:
        return one_line(command.example) or None
    written = example_of(without_masks(item.text))
    return written if error(written) is None else None


def _put_label(
    tx: Transaction,
    item: _Row,
    command: LabelItem,
    example: str | None,
    *,
    second: bool,
    batch: int | None,
) -> int:
    made = tx.conn.execute(
        insert(lb)
        .values(
            item_id=item.id,
            agent_id=command.agent_id,
            verdict=command.verdict,
            intent=command.intent,
            example=example,
            second=second,
            batch=batch,
            made_at=tx.now,
        )
        .returning(lb.c.id)
    ).scalar_one()
    if batch is None:
        tx.conn.execute(update(lb).where(lb.c.id == made).values(batch=made))
    return int(made)


def _state(verdict: LabelVerdict, *, again: bool, second: bool) -> ItemState:
    # an unsure second label changes nothing, because the text keeps its first label
    if verdict is LabelVerdict.UNSURE:
        return ItemState.SECOND if second else ItemState.UNSURE
    return ItemState.SECOND if again else ItemState.LABELED


def _keep_cluster(tx: Transaction, item: _Row) -> None:
    """Give the waiting texts in the item's cluster the id of the first of them as their cluster. A
    new text is compared only with the text that has the cluster's id."""
    left = select(sa.func.min(i.c.id)).where(
        i.c.cluster == item.cluster, i.c.lane == item.lane, i.c.state == ItemState.WAITING
    )
    first = tx.conn.execute(left).scalar()
    if first is not None and first != item.cluster:
        waits = (i.c.cluster == item.cluster, i.c.state == ItemState.WAITING)
        tx.conn.execute(update(i).where(*waits, i.c.lane == item.lane).values(cluster=first))
