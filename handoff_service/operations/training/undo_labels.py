"""Undo a trainer's labels, after ``bot_control/labeling.py`` has removed their examples from the
files."""

from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy import select, update

from handoff_service.errors import NotFound
from handoff_service.operations.training.keep_items import TRAINER
from handoff_service.rules.shared.phrases import phrase
from handoff_service.rules.shared.vocabulary import ItemState, LabelVerdict, TrainerLane
from handoff_service.store.engine import tables as t
from handoff_service.store.engine.one_of import one_of
from handoff_service.store.engine.transaction import Transaction

i, lb, p = t.trainer_items, t.trainer_labels, t.pinned_texts


@dataclass(frozen=True, slots=True, kw_only=True)
class UndoBatch:
    """``batch``: an action of this trainer; None: their last action that was not undone."""

    agent_id: int
    batch: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ValidLabel:
    """A label that was not undone. ``file``: the file to which its example was written."""

    id: int
    item_id: int
    batch: int
    lane: TrainerLane
    intent: str | None
    example: str | None
    file: str | None


def to_undo(tx: Transaction, command: UndoBatch) -> list[ValidLabel]:
    """The labels that ``undo`` would undo. Raises NotFound if there are none."""
    last = (
        select(lb.c.batch)
        .where(lb.c.agent_id == command.agent_id, lb.c.undone_at.is_(None))
        .order_by(lb.c.id.desc())
        .limit(1)
    )
    batch = command.batch if command.batch is not None else tx.conn.execute(last).scalar()
    query = (
        select(*lb.c["id", "item_id", "intent", "example", "file", "batch"], i.c.lane)
        .join(i, i.c.id == lb.c.item_id)
        .where(lb.c.batch == batch, lb.c.agent_id == command.agent_id, lb.c.undone_at.is_(None))
        .order_by(lb.c.id)
    )
    rows = tx.conn.execute(query).all()
    if not rows:
        raise NotFound(phrase("There is nothing to undo."))
    return [
        ValidLabel(
            item_id=row.item_id,
            batch=row.batch,
            lane=TrainerLane(row.lane),
            intent=row.intent,
            example=row.example,
            file=row.file,
            id=row.id,
        )
        for row in rows
    ]


def undo(tx: Transaction, command: UndoBatch) -> int:
    """Undo the labels, so that their texts wait again, and remove the pins of these texts. Returns
    the id of the first text."""
    rows = to_undo(tx, command)
    ids, of_items = [row.id for row in rows], [row.item_id for row in rows]
    tx.conn.execute(update(lb).where(one_of(lb.c.id, ids)).values(undone_at=tx.now))
    tx.conn.execute(update(lb).where(one_of(lb.c.item_id, of_items)).values(disputed=None))
    first = select(lb.c.id).where(
        lb.c.item_id == i.c.id,
        lb.c.undone_at.is_(None),
        ~lb.c.second,
        lb.c.verdict != LabelVerdict.UNSURE,
    )
    state = sa.case((first.exists(), ItemState.SECOND), else_=ItemState.WAITING)
    tx.conn.execute(update(i).where(one_of(i.c.id, of_items)).values(state=state))
    tx.conn.execute(
        update(p)
        .where(one_of(p.c.item_id, of_items), p.c.removed_at.is_(None))
        .values(removed_at=tx.now)
    )
    tx.hint(TRAINER)
    return int(of_items[0])
