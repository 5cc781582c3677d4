"""The stored texts with which models are measured: pinned texts and the audit set."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, select

from handoff_service.rules.shared.vocabulary import LabelVerdict, TrainerLane
from handoff_service.rules.training.comparison import TextSet
from handoff_service.store.engine import tables as t


@dataclass(frozen=True, slots=True, kw_only=True)
class MeasuredBy:
    """A text and its correct intent. ``asked``: the form and slot of the question before it; None:
    any question after which the intent is possible. ``id``: only for pinned texts."""

    of_set: TextSet
    text: str
    meant: str
    asked: Mapping[str, Any] | None = None
    id: int | None = None


def pinned(conn: Connection) -> list[MeasuredBy]:
    """Return the pinned texts."""
    p = t.pinned_texts
    query = select(p).where(p.c.removed_at.is_(None)).order_by(p.c.id)
    return [
        MeasuredBy(
            of_set=TextSet.PINNED,
            text=row.text,
            meant=row.intent,
            asked=_asked(row.form, row.slot),
            id=row.id,
        )
        for row in conn.execute(query)
    ]


def audit(conn: Connection) -> list[MeasuredBy]:
    """Return the labeled texts of the audit lane, each with its latest label."""
    i, label = t.trainer_items, t.trainer_labels
    query = (
        select(i.c.id, i.c.text, i.c.form, i.c.slot, label.c.intent)
        .join(label, label.c.item_id == i.c.id)
        .where(
            i.c.lane == TrainerLane.AUDIT,
            label.c.verdict == LabelVerdict.INTENT,
            label.c.undone_at.is_(None),
            label.c.second.is_(False),
        )
        .order_by(label.c.id)
    )
    latest = {row.id: row for row in conn.execute(query)}
    return [
        MeasuredBy(
            of_set=TextSet.AUDIT,
            text=row.text,
            meant=row.intent,
            asked=_asked(row.form, row.slot),
        )
        for row in latest.values()
    ]


def _asked(form: str | None, slot: str | None) -> dict[str, Any] | None:
    return {"form": form, "slot": slot, "after_case": False} if form else None
