"""Labels: a trainer's newest labels, the agreement between trainers, the result of the audit, and
labels without a written example."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection, func, select

from handoff_service.rules.shared.vocabulary import LabelVerdict, TrainerLane
from handoff_service.rules.training import agreement
from handoff_service.store.engine import tables as t
from handoff_service.store.views import Named, PinnedText, TestText, TrainerLabel

i, lb, a, p = t.trainer_items, t.trainer_labels, t.agents, t.pinned_texts
NEWEST = 10
PAIRS = 500  # the agreement covers this many of the newest pairs


@dataclass(frozen=True, slots=True, kw_only=True)
class Dispute:
    """A text with two different labels."""

    item_id: int
    text: str
    first: str
    second: str
    lane: TrainerLane


@dataclass(frozen=True, slots=True, kw_only=True)
class Agreement:
    """The agreement between trainers. ``kappa``: None if it cannot be computed. ``disputes``: the
    pairs with different labels that nobody has settled.
    """

    pairs: int
    kappa: float | None
    disputes: list[Dispute]


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditShare:
    """The result of the audit. ``right``: how many labeled texts the virtual agent understood.
    ``low``, ``high``: the 95 % confidence interval of their share."""

    right: int
    labeled: int
    low: float
    high: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Unwritten:
    """A label with an example but without a file, because the service stopped before it stored the
    file's name."""

    id: int
    lane: TrainerLane
    intent: str
    example: str


def last_labels(conn: Connection, agent_id: int) -> list[tuple[TrainerLabel, str]]:
    """Return a trainer's newest labels that were not undone, with their texts."""
    query = (
        select(lb, a.c.name, i.c.text)
        .join(a, a.c.id == lb.c.agent_id)
        .join(i, i.c.id == lb.c.item_id)
        .where(lb.c.agent_id == agent_id, lb.c.undone_at.is_(None))
        .order_by(lb.c.id.desc())
        .limit(NEWEST)
    )
    return [(_label(row), row.text) for row in conn.execute(query)]


def of_batch(conn: Connection, batch: int) -> list[TrainerLabel]:
    """Return the labels of one action."""
    query = select(lb, a.c.name).join(a, a.c.id == lb.c.agent_id).where(lb.c.batch == batch)
    return [_label(row) for row in conn.execute(query.order_by(lb.c.id))]


def agreed(conn: Connection) -> Agreement:
    """Return the agreement between first and second labels of the same texts."""
    first, second = lb.alias("first"), lb.alias("second")
    query = (
        select(
            *i.c["id", "text", "lane"],
            first.c.intent.label("a"),
            first.c.verdict.label("a_verdict"),
            second.c.intent.label("b"),
            second.c.verdict.label("b_verdict"),
            second.c.disputed,
        )
        .join(first, sa.and_(first.c.item_id == i.c.id, first.c.undone_at.is_(None)))
        .join(second, sa.and_(second.c.item_id == i.c.id, second.c.undone_at.is_(None)))
        .where(~first.c.second, second.c.second)
        .where(first.c.verdict != LabelVerdict.UNSURE, second.c.verdict != LabelVerdict.UNSURE)
        .order_by(second.c.id.desc())
        .limit(PAIRS)
    )
    rows = conn.execute(query).all()
    pairs = [(row.disputed or row.a or row.a_verdict, row.b or row.b_verdict) for row in rows]
    return Agreement(
        pairs=len(pairs),
        kappa=agreement.kappa(pairs),
        disputes=[
            Dispute(
                item_id=row.id, text=row.text, first=one, second=other, lane=TrainerLane(row.lane)
            )
            for row, (one, other) in zip(rows, pairs, strict=True)
            if one != other and row.disputed is None
        ],
    )


def audit_share(conn: Connection) -> AuditShare:
    """Return the share of audit texts for which the virtual agent predicted the labeled intent.
    Second labels and labels without an intent are left out."""
    query = (
        select(func.count(), func.sum(sa.case((i.c.intent == lb.c.intent, 1), else_=0)))
        .join(i, i.c.id == lb.c.item_id)
        .where(
            i.c.lane == TrainerLane.AUDIT,
            ~lb.c.second,
            lb.c.undone_at.is_(None),
            lb.c.verdict == LabelVerdict.INTENT,
        )
    )
    labeled, right = conn.execute(query).one()
    low, high = agreement.wilson(int(right or 0), labeled)
    return AuditShare(right=int(right or 0), labeled=labeled, low=low, high=high)


def audit_texts(conn: Connection) -> list[TestText]:
    """Return the audit's test set. Each text has the form and slot of the question before it."""
    query = (
        select(lb.c.example, lb.c.intent, i.c.form, i.c.slot)
        .join(i, i.c.id == lb.c.item_id)
        .where(
            i.c.lane == TrainerLane.AUDIT,
            ~lb.c.second,
            lb.c.undone_at.is_(None),
            lb.c.verdict == LabelVerdict.INTENT,
            lb.c.example.is_not(None),
        )
        .order_by(lb.c.id)
    )
    return [
        TestText(text=row.example, intent=row.intent, form=row.form, slot=row.slot)
        for row in conn.execute(query)
    ]


def pinned_texts(conn: Connection) -> list[PinnedText]:
    query = (
        select(p, a.c.name)
        .join(a, a.c.id == p.c.agent_id)
        .where(p.c.removed_at.is_(None))
        .order_by(p.c.id)
    )
    return [
        PinnedText(
            id=row.id,
            text=row.text,
            intent=row.intent,
            form=row.form,
            slot=row.slot,
            agent=Named(id=row.agent_id, name=row.name),
            made_at=row.made_at,
        )
        for row in conn.execute(query)
    ]


def unwritten(conn: Connection, before: datetime) -> list[Unwritten]:
    """Return labels from before this time that have an example but no file."""
    query = (
        select(lb.c.id, lb.c.intent, lb.c.example, i.c.lane)
        .join(i, i.c.id == lb.c.item_id)
        .where(
            lb.c.example.is_not(None),
            lb.c.file.is_(None),
            lb.c.undone_at.is_(None),
            lb.c.made_at < before,
        )
        .order_by(lb.c.id)
    )
    return [
        Unwritten(id=row.id, lane=TrainerLane(row.lane), intent=row.intent, example=row.example)
        for row in conn.execute(query)
    ]


def _label(row: sa.Row[Any]) -> TrainerLabel:
    return TrainerLabel(
        id=row.id,
        item_id=row.item_id,
        agent=Named(id=row.agent_id, name=row.name),
        verdict=LabelVerdict(row.verdict),
        intent=row.intent,
        example=row.example,
        file=row.file,
        second=row.second,
        made_at=row.made_at,
        undone_at=row.undone_at,
    )
